-- What came of the records of each source, by the day in Lima on which they were recorded: [first_day, end_day).
SELECT
    arraySort(groupArray((day, source, sent, counted, duplicate, conflicting, quarantined))) AS sums,
-- @include whole
FROM (
    SELECT
        recorded_day AS day,
        source,
        count() AS sent,
        countIf(outcome = 'counted') AS counted,
        countIf(outcome = 'duplicate' OR outcome = 'conflict') AS duplicate,
        countIf(outcome = 'conflict') AS conflicting,
        countIf(outcome = 'quarantined') AS quarantined
    FROM {journal:Identifier}
    WHERE book = ''
        AND partition != {merged:UInt8}  -- copies of what stands elsewhere
-- @include recorded_days
        AND source = {source:String} -- @when of_one
        AND outcome NOT IN ('tick', 'copied', 'repeated')
    GROUP BY ALL
)
