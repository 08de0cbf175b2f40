-- Balance of the population over one period: from opening to closing, with the reason of every change, for each cell.
-- What was there before the period stands as of its eve (`seen`), what came in it as of its own day. Seen from there at the
-- closing day, a cell may lie under another office (remapping) or in another age band (ageing).
WITH
raw AS (
    SELECT
-- @include raw
,
        greatest(effective_day, {first_day:Date} - 1) AS seen,
        if(effective_day < {first_day:Date}, 'opening', toString(cause)) AS cause_,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE book = {book:String} AND effective_day <= {last_day:Date} AND
-- @include known
        AND
-- @include raw_filters
    GROUP BY ALL
),
moments AS (
    SELECT
        * EXCEPT (seen, cause_, change),
        {last_day:Date} AS piece,
        view.1 AS line,
        view.2 * change AS value,
        view.3 AS day,
        view.4 AS age_day
    FROM raw
    ARRAY JOIN [
        (if(seen < {first_day:Date}, 'opening', concat('cause ', cause_)), 1, seen, seen),
        ('remapping', -1, seen, seen),
        ('remapping', 1, {last_day:Date}, seen),
        ('ageing', -1, {last_day:Date}, seen),
        ('ageing', 1, {last_day:Date}, {last_day:Date}),
        ('closing', 1, {last_day:Date}, {last_day:Date})
    ] AS view
    WHERE change != 0
),
-- @include place
,
-- @include dimensions
,
-- @include ends
SELECT
-- @include keys
,
    grouping(k1) AS level,
    sumIf(value, line = 'opening') AS opening,
    sumIf(value, line = 'cause opening') AS roll_openings,
    sumIf(value, line = 'cause admission') AS admissions,
    sumIf(value, line = 'cause recapture') AS recaptures,
    -sumIf(value, line = 'cause release') AS releases,
    -sumIf(value, line = 'cause death') AS deaths,
    -sumIf(value, line = 'cause escape') AS escapes,
    sumIf(value, line = 'cause transfer_in' AND NOT same_unit) AS transfers_in,
    -sumIf(value, line = 'cause transfer_out' AND NOT same_unit) AS transfers_out,
    -- within a unit a transfer is none, but who changed on its day is counted differently at its two ends
    sumIf(value, line = 'cause reclassification' OR (line IN ('cause transfer_in', 'cause transfer_out') AND same_unit))
        AS reclassification,
    sumIf(value, line = 'cause correction') AS correction,
    sumIf(value, line = 'ageing') AS ageing,
    sumIf(value, line = 'remapping') AS remapping,
    sumIf(value, line = 'closing') AS closing
FROM ends
WHERE
-- @include filters
GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece))
HAVING level = 1 OR countIf(value != 0) > 0
