-- One row that holds a whole answer with what it rests on, read from one snapshot of the journal.
SELECT
    countIf(level = 0) AS row_count,
    if(row_count > {max_rows:UInt64}, [], arraySort(groupArrayIf(tuple(* EXCEPT (level)), level = 0))) AS rows_,
    arraySort(groupArrayIf(tuple(* EXCEPT (level, k1, k2, k3, k4)), level = 1)) AS totals,
    (
        SELECT groupArray((partition, next_offset))
        FROM (
            SELECT partition, maxOrNull(offset) + 1 AS next_offset
            FROM {journal:Identifier}
            WHERE true
-- @include known_time
            GROUP BY partition
        )
    ) AS position,
    (
        SELECT groupArray((partition, recorded))
        FROM (
            SELECT partition, toUnixTimestamp64Milli(max(recorded_at)) AS recorded
            FROM {journal:Identifier}
            GROUP BY partition
        )
    ) AS recorded,
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
        )
    ) AS establishments
FROM (
-- @rows
)
