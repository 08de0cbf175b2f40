-- Stock: who is counted in a book at the close of each day asked, by up to four dimensions.
WITH
-- @include stock_moments
-- @include dimensions
SELECT
-- @include keys
    sum(value) AS amount
-- @include located
WHERE true
-- @include filters
-- @include cells
HAVING amount != 0 -- @when cells
