-- A whole answer: its rows (level 0), its totals (level 1) unless rows add up to them, and how far each partition was
-- consumed (level 2). It is one statement, so what it rests on is from the same snapshot of the journal as its figures. Rows
-- are one more than may be, if there are more.
SELECT *
FROM (
-- @rows
)
LIMIT {most:UInt64}
UNION ALL
WITH
-- @include reached
SELECT
    toString(partition) AS k1,
    toString(next_offset) AS k2,
    toString(recorded) AS k3,
    '' AS k4,
    toDate(0) AS piece,
    2 AS level,
-- @no_values
-- @include reached_in
