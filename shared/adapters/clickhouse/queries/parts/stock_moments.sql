-- moments: the stock of each raw cell at the close of each piece of the period. Naming the projection spares the engine
-- comparing all of them.
raw AS (
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
),
-- @include series
