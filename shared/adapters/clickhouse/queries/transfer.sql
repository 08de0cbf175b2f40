-- Transfers in each piece of the period; at a territorial level only those whose two ends differ there.
WITH
-- @include flow_moments
-- @include place
,
-- @include dimensions
,
-- @include ends
SELECT
-- @include keys
,
    grouping(k1) AS level,
    sum(value) AS amount
FROM ends
WHERE NOT same_unit AND
-- @include filters
GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece))
HAVING level = 1 OR amount != 0
