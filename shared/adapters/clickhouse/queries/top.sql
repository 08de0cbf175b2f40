-- The greatest members of one dimension, and all others as one. Stocks are compared at the last close.
WITH
all_rows AS (
-- @rows
),
weighed AS (
    SELECT
        *,
        sumIf(amount, {top_over_all:Bool} OR piece = {last_day:Date}) OVER (PARTITION BY level, {top_key:Identifier}) AS weight
    FROM all_rows
),
ranked AS (
    SELECT
        *,
        level = 1 OR dense_rank() OVER (PARTITION BY level ORDER BY weight DESC, {top_key:Identifier}) <= {top_n:UInt32} AS kept
    FROM weighed
)
SELECT
    if(kept OR {top_key:String} != 'k1', ranked.k1, '*') AS k1,
    if(kept OR {top_key:String} != 'k2', ranked.k2, '*') AS k2,
    if(kept OR {top_key:String} != 'k3', ranked.k3, '*') AS k3,
    if(kept OR {top_key:String} != 'k4', ranked.k4, '*') AS k4,
    piece,
    level,
    sum(ranked.amount) AS amount
FROM ranked
GROUP BY ALL
