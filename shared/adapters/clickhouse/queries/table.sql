-- The rows of an answer as a result set, in order, for files.
SELECT * EXCEPT (level)
FROM (
-- @rows
)
WHERE level = 0
ORDER BY k1, k2, k3, k4, piece
