-- moments: the stock of each raw cell at the close of each piece of the period.
raw AS (
    SELECT
-- @include raw
-- @include piece
        toString(book) AS line,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
-- @include known
-- @include raw_filters
    GROUP BY ALL
),
-- @include series
