-- What was quarantined on these days [first_day, end_day), oldest first and at most so many, each with the counted record
-- of the same source and id if there is one by now: (0, 0, 0) if not.
WITH kept AS (
    SELECT
-- @include fate_row
    FROM {journal:Identifier}
    WHERE book = ''
        AND outcome = 'quarantined'
-- @include recorded_days
        AND source = {source:String} -- @when of_one
),
counted AS (
    SELECT source, fact_id, min((toUnixTimestamp64Milli(recorded_at), partition, offset)) AS resolved
    FROM {journal:Identifier}
    WHERE book = ''
        AND partition != {merged:UInt8}  -- copies of what stands elsewhere
        AND outcome = 'counted'
        AND fact_id IN (SELECT fact_id FROM kept)  -- which the index of ids understands
        AND (source, fact_id) IN (SELECT source, fact_id FROM kept)
    GROUP BY source, fact_id
)
SELECT
    count() AS found,
    arraySlice(
        arraySort(groupArray((recorded, partition, offset, source, fact_id, fate, type, field, code, expected, resolved))),
        1,
        {most:UInt32}
    ) AS records,
-- @include whole
FROM kept
LEFT JOIN counted USING (source, fact_id)
