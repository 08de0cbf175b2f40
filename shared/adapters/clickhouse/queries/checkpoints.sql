-- The checkpoints that are there: the month, and how far the log was recorded before it.
SELECT month, any(next_offsets) AS next_offsets
FROM {checkpoints:Identifier}
WHERE held = 'position'
GROUP BY month
ORDER BY month
