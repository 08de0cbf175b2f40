-- The day of the first record, and the day that every partition has reached; with fewer partitions than there are, none has.
SELECT min(first) AS first_day, if(count() = {partitions:UInt8}, min(last), toDate(0)) AS passed_day
FROM (
    SELECT partition, min(recorded_day) AS first, max(recorded_day) AS last
    FROM (
        SELECT partition, recorded_day, maxOrNull(offset)
        FROM {journal:Identifier}
        GROUP BY partition, recorded_day
        SETTINGS preferred_optimize_projection_name = 'position'
    )
    GROUP BY partition
)
