-- Transfers in each piece of the period; at a territorial level only those whose two ends differ there.
WITH
-- @include flow_moments
-- @include ends
-- @include dimensions
SELECT
-- @include keys
    sum(value) AS amount
-- @include both_located
WHERE NOT same_unit
-- @include filters
-- @include cells
HAVING amount != 0 -- @when cells
