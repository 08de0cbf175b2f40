-- Balance of the population over one period: from opening to closing, with the reason of every change, for each cell.
-- What was there before the period stands as of its eve (`seen`), what came in it as of its own day, or, what says the same with
-- fewer rows, as of the last turn before: a day on which some place or age began to be another. Seen from there at the
-- closing day, a cell may lie under another office (remapping) or in another age band (ageing); for places and ages that nobody
-- asks for there is nothing to tell. What is effective before it opens, at a checkpoint if there is one, needs no reasons.
WITH
-- @when own_day
arraySort(arrayConcat(
    [toUInt16({first_day:Date} - 1)]
    , (SELECT groupUniqArray(toUInt16(since)) FROM place WHERE since >= {first_day:Date} AND since <= {last_day:Date}) -- @when place
    , arrayMap(n -> toUInt16(addMonths(toStartOfMonth({first_day:Date}), n)), range(toUInt32(dateDiff('month', {first_day:Date}, {last_day:Date})) + 1)) -- @when reads_birth_month
)) AS turns,
-- @end
raw AS (
    SELECT
-- @include raw
        counterparty AS counterparty_, -- @when reads_counterparty
        {first_day:Date} - 1 AS seen, -- @when any_day
        toDate(roundDown(toUInt16(greatest(effective_day, {first_day:Date} - 1)), turns)) AS seen, -- @when own_day
        effective_day < {first_day:Date} AS is_before,
        cause AS cause_,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE book = {book:String}
        AND effective_day >= {opens:Date}
        AND effective_day <= {last_day:Date}
-- @include known
-- @include raw_filters
    GROUP BY ALL
    UNION ALL
    SELECT
-- @include raw
        '' AS counterparty_, -- @when reads_counterparty
        {first_day:Date} - 1 AS seen,
        true AS is_before,
        '' AS cause_,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE book = {book:String}
        AND effective_day < {opens:Date}
        AND recorded_day >= {base:Date} -- @when from_checkpoint
-- @include known
-- @include raw_filters
    GROUP BY ALL
-- @include projected
-- @when from_checkpoint
    UNION ALL
    SELECT
-- @include raw
        '' AS counterparty_, -- @when reads_counterparty
        {first_day:Date} - 1 AS seen,
        true AS is_before,
        '' AS cause_,
        sum(stock_delta) AS change
    FROM {checkpoints:Identifier}
    FINAL -- @when from_sums
    WHERE month = {base:Date}
        AND held = {held:String}
        AND book = {book:String}
        AND effective_day < {opens:Date}
-- @include raw_filters
    GROUP BY ALL
-- @end
),
moments AS (
    SELECT
        * EXCEPT (seen, is_before, cause_, change),
        {last_day:Date} AS piece,
        view.1 AS line,
        view.2 * change AS value,
        view.3 AS day,
        view.4 AS age_day
    FROM raw
    ARRAY JOIN [
        (if(is_before, 'before', toString(cause_)), 1, seen, seen),
        ('remapping', -1, seen, seen), -- @when place
        ('remapping', 1, {last_day:Date}, seen), -- @when place
        ('ageing', -1, {last_day:Date}, seen), -- @when reads_birth_month
        ('ageing', 1, {last_day:Date}, {last_day:Date}), -- @when reads_birth_month
        ('closing', 1, {last_day:Date}, {last_day:Date})
    ] AS view
    WHERE change != 0
),
-- @include ends
-- @include dimensions
SELECT
-- @include keys
    sumIf(value, line = 'before') AS opening,
    sumIf(value, line = 'opening') AS roll_openings,
    sumIf(value, line = 'admission') AS admissions,
    sumIf(value, line = 'recapture') AS recaptures,
    -sumIf(value, line = 'release') AS releases,
    -sumIf(value, line = 'death') AS deaths,
    -sumIf(value, line = 'escape') AS escapes,
    sumIf(value, line = 'transfer_in' AND NOT same_unit) AS transfers_in,
    -sumIf(value, line = 'transfer_out' AND NOT same_unit) AS transfers_out,
    -- within a unit a transfer is none, but who changed on its day is counted differently at its two ends
    sumIf(value, line = 'reclassification' OR (line IN ('transfer_in', 'transfer_out') AND same_unit)) AS reclassification,
    sumIf(value, line = 'correction') AS correction,
    sumIf(value, line = 'ageing') AS ageing,
    sumIf(value, line = 'remapping') AS remapping,
    sumIf(value, line = 'closing') AS closing
-- @include both_located
WHERE true
-- @include filters
-- @include cells
-- @when cells
HAVING arrayExists(
    said -> said != 0,
    [
        opening, roll_openings, admissions, recaptures, releases, deaths, escapes, transfers_in, transfers_out,
        reclassification, correction, ageing, remapping, closing
    ]
)
-- @end
