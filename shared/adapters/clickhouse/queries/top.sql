-- The greatest members of one dimension, and all others as one. Stocks are compared at the last close. Totals (level 1) have no
-- member, so each is the first of its own and kept.
WITH
all_rows AS (
-- @rows
),
weighed AS (
    SELECT
        *,
        sum(amount) -- @when top_of_flow
        sumIf(amount, piece = {last_day:Date}) -- @when top_of_stock
            OVER (PARTITION BY level, {top_key:Identifier}) AS weight
    FROM all_rows
),
ranked AS (
    SELECT
        *,
        dense_rank() OVER (PARTITION BY level ORDER BY weight DESC, {top_key:Identifier}) <= {top_n:UInt32} AS kept
    FROM weighed
)
SELECT
    if(kept, ranked.k1, '*') AS k1, -- @when top_k1
    k1, -- @when rest_k1
    if(kept, ranked.k2, '*') AS k2, -- @when top_k2
    k2, -- @when rest_k2
    if(kept, ranked.k3, '*') AS k3, -- @when top_k3
    k3, -- @when rest_k3
    if(kept, ranked.k4, '*') AS k4, -- @when top_k4
    k4, -- @when rest_k4
    piece,
    level,
    sum(ranked.amount) AS amount
FROM ranked
GROUP BY ALL
