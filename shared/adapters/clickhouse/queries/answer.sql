-- One row that holds a whole answer with what it rests on, read from one snapshot of the journal.
SELECT
    countIf(level = 0) AS row_count,
    if(row_count > {max_rows:UInt64}, [], arraySort(groupArrayIf(tuple(* EXCEPT (level)), level = 0))) AS rows_,
    arraySort(groupArrayIf(tuple(* EXCEPT (level, k1, k2, k3, k4)), level = 1)) AS totals,
-- @include position
FROM (
-- @rows
)
