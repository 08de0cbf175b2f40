-- Flow: movements of the causes asked in each piece of the period, as they stood on their own day.
WITH
-- @include flow_moments
-- @include dimensions
SELECT
-- @include keys
    sum(value) AS amount
-- @include located
WHERE true
-- @include filters
-- @include cells
HAVING amount != 0 -- @when cells
