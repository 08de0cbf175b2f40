-- Flow: movements of the causes asked in each piece of the period, as they stood on their own day.
WITH
-- @include flow_moments
-- @include place
,
-- @include dimensions
SELECT
-- @include keys
,
    grouping(k1) AS level,
    sum(value) AS amount
FROM named
WHERE
-- @include filters
GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece))
HAVING level = 1 OR amount != 0
