-- Population and capacity in force, and what follows from the two, for places, at the close of each day asked.
WITH
-- @include stock_moments
-- @include dimensions
SELECT
-- @include keys
    sumIf(value, line = 'custody') AS population,
    sumIf(value, line = 'capacity') AS capacity,
    if(capacity = 0, NULL, population - capacity) AS excess,
    if(capacity = 0, NULL, population / capacity) AS occupancy,
    if(capacity = 0, NULL, excess / capacity) AS overcrowding,
    CAST(5 * excess > capacity, 'Nullable(Bool)') AS critical
-- @include located
WHERE true
-- @include filters
-- @include cells
HAVING level = 1 OR population != 0 OR capacity != 0
