-- Population and capacity in force, for places, at the close of each day asked.
WITH
-- @include stock_moments
-- @include dimensions
SELECT
-- @include keys
    sumIf(value, line = 'custody') AS population,
    sumIf(value, line = 'capacity') AS capacity
-- @include located
WHERE true
-- @include filters
-- @include cells
HAVING population != 0 OR capacity != 0 -- @when cells
