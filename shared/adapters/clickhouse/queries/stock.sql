-- Stock: who is counted in a book at the close of each day asked, by up to four dimensions.
WITH
-- @include stock_moments
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
