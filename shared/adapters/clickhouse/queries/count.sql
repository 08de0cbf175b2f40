-- How many rows an answer has.
SELECT count()
FROM (
-- @rows
)
WHERE level = 0
