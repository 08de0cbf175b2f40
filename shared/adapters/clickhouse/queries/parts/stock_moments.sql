-- moments: the stock of each raw cell at the close of each piece of the period: what was recorded before a checkpoint, if there
-- is one, and what was recorded since. To plan a table costs more than to read it, so there is one of each. Naming the
-- projection spares the engine comparing all.
raw AS (
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND recorded_day >= {base:Date} -- @when from_checkpoint
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
-- @when from_checkpoint
    UNION ALL
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {checkpoints:Identifier} FINAL
    WHERE month = {base:Date}
        AND held = 'core' -- @when in_core
        AND held = 'offence' -- @when in_offence
        AND (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
-- @include raw_filters
    GROUP BY ALL
-- @end
),
-- @include series
