-- moments: the stock of each raw cell at the close of each piece of the period. Where a projection by months knows all that
-- is asked, it tells the months that are over, and only what is left of the last one is counted by days. Naming the projection spares the engine comparing all of them.
raw AS (
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND effective_day >= toStartOfMonth({last_day:Date}) -- @when in_months
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
-- @when in_months
    UNION ALL
    SELECT
-- @include raw
-- @include piece_of_months
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_month < toStartOfMonth({last_day:Date})
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'months_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'months_offence' -- @when in_offence
-- @end
),
-- @include series
