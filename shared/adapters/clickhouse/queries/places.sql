-- How establishments stood (office, department, province, district) at the close of a day, by what was recorded before a checkpoint: that never changes any more.
WITH
-- @include place
{last_day:Date} AS asked
SELECT
    groupArray(code),
    groupArray(said[1]),
    groupArray(substring(said[2], 1, 2)),
    groupArray(substring(said[2], 1, 4)),
    groupArray(said[2])
FROM (
    SELECT code, splitByChar('|', argMax(standing, since)) AS said
    FROM place
    WHERE since <= asked
    GROUP BY code
)
