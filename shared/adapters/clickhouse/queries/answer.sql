-- One row that holds a whole answer with what it rests on, read from one snapshot of the journal.
SELECT
    countIf(level = 0) AS row_count,
    if(row_count > {max_rows:UInt64}, [], arraySort(groupArrayIf(tuple(* EXCEPT (level)), level = 0))) AS rows_,
    arraySort(groupArrayIf(tuple(* EXCEPT (level, k1, k2, k3, k4)), level = 1)) AS totals,
    (
        SELECT groupArray(code)
        FROM (
            SELECT establishment AS code
            FROM {journal:Identifier}
            WHERE book = 'establishment' AND effective_day <= {last_day:Date}
-- @include known
            GROUP BY code
            HAVING sum(stock_delta) > 0
            ORDER BY code
            -- a few rows at the beginning of the key: weighing the projections costs more
            SETTINGS optimize_use_projections = 0
        )
    ) AS establishments,
-- @include position
FROM (
-- @rows
)
