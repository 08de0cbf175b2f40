-- Distinct people with an open supervision at the close of each day asked, and how many of them are in custody too.
-- A person counts once in each cell that one of the person's supervisions stands in.
WITH
raw AS (
    SELECT
-- @include raw
,
        subject,
        toString(book) AS line,
-- @include piece
        AS piece,
        sum(stock_delta) AS change
    FROM {journal:Identifier}
    WHERE book = 'supervision' AND effective_day <= {last_day:Date} AND
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
    SELECT * EXCEPT (stocks, subject), close AS piece, close AS day, close AS age_day, subject AS value
    FROM series
    ARRAY JOIN stocks AS stock, {closes:Array(Date)} AS close
    WHERE stock != 0
),
inside AS (
    SELECT subject, close
    FROM (
        SELECT
            subject,
            arrayCumSum(sumResample(0, {pieces:UInt16}, 1)(stock_delta, dateDiff({unit:String}, {first_day:Date},
-- @include piece
            ))) AS stocks
        FROM {journal:Identifier}
        WHERE book = 'custody' AND effective_day <= {last_day:Date} AND
-- @include known
        GROUP BY subject
    )
    ARRAY JOIN stocks AS stock, {closes:Array(Date)} AS close
    WHERE stock != 0
),
-- @include place
,
-- @include dimensions
SELECT
-- @include keys
,
    grouping(k1) AS level,
    uniqExact(value) AS persons,
    uniqExactIf(value, (value, piece) IN (inside)) AS also_in_custody
FROM named
WHERE
-- @include filters
GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece))
