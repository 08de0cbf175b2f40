-- What became of one id, of one source or of all: its records in the order in which they were recorded, and in which kinds
-- of contradiction it stands (`detail` is kind|source|id, and an id may hold the bar too).
SELECT
    arraySort(groupArray((recorded, partition, offset, source, fact_id, fate, type, field, code, expected))) AS records,
    (
        SELECT arraySort(groupUniqArray(kind))
        FROM (
            SELECT splitByChar('|', detail) AS said, said[1] AS kind
            FROM {journal:Identifier}
            WHERE book = 'anomaly'
                AND substring(detail, length(said[1]) + length(said[2]) + 3) = {fact_id:String}
                AND said[2] = {source:String} -- @when of_one
            GROUP BY subject, detail, establishment, counterparty, effective_at
            HAVING sum(stock_delta) > 0
        )
    ) AS contradictions,
-- @include whole
FROM (
    SELECT
-- @include fate_row
    FROM {journal:Identifier}
    WHERE book = ''
        AND partition != {merged:UInt8}  -- copies of what stands elsewhere
        AND fact_id = {fact_id:String}
        AND source = {source:String} -- @when of_one
        AND outcome NOT IN ('tick', 'copied', 'repeated')
)
