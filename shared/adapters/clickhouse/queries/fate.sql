-- What became of one id, of one source or of all: its records in the order in which they were recorded.
SELECT
    arraySort(groupArray((recorded, partition, offset, source, fact_id, fate, type, field, code, expected))) AS records,
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
