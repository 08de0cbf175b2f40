-- @when series
series AS (
    SELECT
        * EXCEPT (piece, value), -- @when one_base
        * EXCEPT (piece, until, value), -- @when own_checkpoints
        sumResample(0, {pieces:UInt16}, 1)(value, dateDiff({unit:String}, {first_day:Date}, piece)) AS come,
        sumResample(0, {pieces:UInt16}, 1)(value, dateDiff({unit:String}, {first_day:Date}, until)) AS gone, -- @when own_checkpoints
        arrayCumSum(arrayMap((comes, goes) -> comes - goes, come, gone)) AS stocks -- @when own_checkpoints
        arrayCumSum(come) AS stocks -- @when one_base
    FROM raw
    GROUP BY ALL
),
moments AS (
    SELECT * EXCEPT (stocks, come), close AS piece, close AS day, stock AS value
    FROM series
    ARRAY JOIN stocks AS stock,
-- @include closes
    AS close
    WHERE stock != 0
),
-- @end
