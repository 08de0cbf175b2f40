-- The checkpoints that are there: the month, how far the log was recorded before it, and its roll ('' where there is none).
SELECT month, any(next_offsets) AS next_offsets, any(made) AS roll
FROM {checkpoints:Identifier}
LEFT JOIN (
    SELECT month, min(held) AS made
    FROM (SELECT DISTINCT month, held FROM {rolls:Identifier})
    GROUP BY month
) AS rolls USING month
WHERE held = 'position'
GROUP BY month
ORDER BY month
