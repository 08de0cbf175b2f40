-- moments: the stock of each raw cell at the close of each piece of the period.
raw AS (
    SELECT
-- @include raw
,
        toString(book) AS line,
-- @include piece
        AS piece,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND
-- @include known
        AND
-- @include raw_filters
    GROUP BY ALL
),
series AS (
    SELECT
        * EXCEPT (piece, change),
        arrayCumSum(sumResample(0, {pieces:UInt16}, 1)(change, dateDiff({unit:String}, {first_day:Date}, piece))) AS stocks
    FROM raw
    GROUP BY ALL
),
moments AS (
    SELECT * EXCEPT (stocks), close AS piece, close AS day, close AS age_day, stock AS value
    FROM series
    ARRAY JOIN stocks AS stock, {closes:Array(Date)} AS close
    WHERE stock != 0
),
