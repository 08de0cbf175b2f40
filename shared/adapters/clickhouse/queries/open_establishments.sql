-- The codes of the establishments in force at the close of a day, in order.
SELECT arraySort(groupArray(code)) AS codes
FROM (
-- @include in_force
)
SETTINGS optimize_use_projections = 0
