-- moments: the stock of each raw cell at the close of each piece of the period. With a checkpoint it is what that holds, what
-- was effective since (nothing, if it ends with the day asked: to plan that costs as much as to read it), and what was learnt
-- since of the time before. Naming the projection spares the engine comparing all.
raw AS (
-- @when since
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND effective_day >= {base:Date} -- @when since_checkpoint
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
-- @end
    UNION ALL -- @when since_checkpoint
-- @when from_checkpoint
    SELECT
-- @include raw
        {first_day:Date} AS piece,
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day < {base:Date}
        AND recorded_day >= {base:Date}
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
    UNION ALL
    SELECT
-- @include raw
        {first_day:Date} AS piece,
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {checkpoints:Identifier} FINAL
    WHERE month = {base:Date}
        AND held = 'core' -- @when in_core
        AND held = 'offence' -- @when in_offence
        AND (book = {book:String} OR book = {other_book:String})
-- @include raw_filters
    GROUP BY ALL
-- @end
),
-- @include series
