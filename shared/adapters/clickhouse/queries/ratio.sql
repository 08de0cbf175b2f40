-- Population, capacity in force and one ratio of the two, for places, at the close of each day asked.
WITH
-- @include stock_moments
-- @include dimensions
SELECT
-- @include keys
    sumIf(value, line = 'custody') AS population,
    sumIf(value, line = 'capacity') AS capacity,
    multiIf(
        capacity = 0, NULL,
        {ratio:String} = 'occupancy', population / capacity,
        {ratio:String} = 'overcrowding', (population - capacity) / capacity,
        5 * (population - capacity) > capacity
    ) AS amount
FROM named
WHERE true
-- @include filters
-- @include cells
HAVING level = 1 OR population != 0 OR capacity != 0
