-- One row for each piece of a period: where nothing is counted, nothing (a ratio has no value then).
SELECT *
FROM (SELECT arrayJoin({asked_pieces:Array(Date)}) AS piece) AS asked
LEFT JOIN (
    SELECT * EXCEPT (level, k1, k2, k3, k4)
    FROM (
-- @rows
    )
    WHERE level = 1
) AS counted USING (piece)
ORDER BY piece
