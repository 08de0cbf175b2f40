-- @when whole
moments AS (
    SELECT
        * EXCEPT (piece, change),
        {last_day:Date} AS piece,
        {last_day:Date} AS day,
        {last_day:Date} AS age_day,
        change AS value
    FROM raw
    WHERE change != 0
),
-- @end
-- @when series
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
    ARRAY JOIN stocks AS stock,
-- @include closes
    AS close
    WHERE stock != 0
),
-- @end
