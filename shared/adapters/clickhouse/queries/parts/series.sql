-- @when series
series AS (
    SELECT
        * EXCEPT (piece, day, value),
        arrayCumSum(sumResample(0, {pieces:UInt16}, 1)(value, dateDiff({unit:String}, {first_day:Date}, piece))) AS stocks
    FROM raw
    GROUP BY ALL
),
moments AS (
    SELECT * EXCEPT (stocks), close AS piece, close AS day, stock AS value
    FROM series
    ARRAY JOIN stocks AS stock,
-- @include closes
    AS close
    WHERE stock != 0
),
-- @end
