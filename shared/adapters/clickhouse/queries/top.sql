-- The greatest members of one dimension, and all others as one. Stocks are compared at the last close.
WITH
all_rows AS (
-- @rows
),
weighed AS (
    SELECT
        *,
        [k1, k2, k3, k4][{top_key:UInt8}] AS member,
        sumIf(amount, {top_over_all:Bool} OR piece = {last_day:Date}) OVER (PARTITION BY level, member) AS weight
    FROM all_rows
),
ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY level ORDER BY weight DESC, member) <= {top_n:UInt32} OR level = 1 AS kept FROM weighed
)
SELECT
    if(kept OR {top_key:UInt8} != 1, ranked.k1, '*') AS k1,
    if(kept OR {top_key:UInt8} != 2, ranked.k2, '*') AS k2,
    if(kept OR {top_key:UInt8} != 3, ranked.k3, '*') AS k3,
    if(kept OR {top_key:UInt8} != 4, ranked.k4, '*') AS k4,
    piece,
    level,
    sum(ranked.amount) AS amount
FROM ranked
GROUP BY ALL
