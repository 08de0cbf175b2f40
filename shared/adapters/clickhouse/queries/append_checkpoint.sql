-- Makes the checkpoint of one month out of what was recorded before it, as one block and so one part. The log must have passed the month in every partition.
INSERT INTO {checkpoints:Identifier} (
    month, held, next_offsets, book, effective_day, establishment, sex, legal_status, offence, attempt, stock_delta
)
SELECT
    {month:Date} AS month, 'position' AS held, groupArray(next_offset) AS next_offsets, '' AS book, {month:Date} - 1 AS day,
    '' AS establishment, '' AS sex, '' AS legal_status, '' AS offence, toUInt8(0) AS attempt, toInt64(0) AS stock
FROM (
    SELECT ifNull(maxOrNullIf(last, recorded_day < {month:Date}) + 1, 0) AS next_offset
    FROM (
        SELECT partition, recorded_day, maxOrNull(offset) AS last
        FROM {journal:Identifier}
        GROUP BY partition, recorded_day
        SETTINGS preferred_optimize_projection_name = 'position'
    )
    GROUP BY partition
    ORDER BY partition
)
UNION ALL
SELECT
    {month:Date} AS month, 'core' AS held, CAST([], 'Array(UInt64)') AS next_offsets, toString(book) AS book,
    greatest(effective_day, {month:Date} - 1) AS day, establishment, sex, legal_status,
    '' AS offence, toUInt8(0) AS attempt, sum(stock_delta) AS stock
FROM {journal:Identifier}
WHERE recorded_day < {month:Date}
GROUP BY book, day, establishment, sex, legal_status
HAVING stock != 0
SETTINGS preferred_optimize_projection_name = 'by_core'
UNION ALL
SELECT
    {month:Date} AS month, 'offence' AS held, CAST([], 'Array(UInt64)') AS next_offsets, toString(book) AS book,
    greatest(effective_day, {month:Date} - 1) AS day, establishment, '' AS sex, legal_status,
    offence, attempt, sum(stock_delta) AS stock
FROM {journal:Identifier}
WHERE recorded_day < {month:Date}
GROUP BY book, day, establishment, legal_status, offence, attempt
HAVING stock != 0
SETTINGS preferred_optimize_projection_name = 'by_offence'
UNION ALL
SELECT
    {month:Date} AS month, 'core_late' AS held, CAST([], 'Array(UInt64)') AS next_offsets, toString(book) AS book,
    toLastDayOfMonth(effective_day) AS day, establishment, sex, legal_status,
    '' AS offence, toUInt8(0) AS attempt, sum(stock_delta) AS stock
FROM {journal:Identifier}
WHERE recorded_day < {month:Date} AND recorded_day >= {month:Date} - toIntervalMonth(1)
    AND effective_day < {month:Date} - toIntervalMonth(1)
GROUP BY book, day, establishment, sex, legal_status
HAVING stock != 0
SETTINGS preferred_optimize_projection_name = 'by_core'
UNION ALL
SELECT
    {month:Date} AS month, 'offence_late' AS held, CAST([], 'Array(UInt64)') AS next_offsets, toString(book) AS book,
    toLastDayOfMonth(effective_day) AS day, establishment, '' AS sex, legal_status,
    offence, attempt, sum(stock_delta) AS stock
FROM {journal:Identifier}
WHERE recorded_day < {month:Date} AND recorded_day >= {month:Date} - toIntervalMonth(1)
    AND effective_day < {month:Date} - toIntervalMonth(1)
GROUP BY book, day, establishment, legal_status, offence, attempt
HAVING stock != 0
SETTINGS preferred_optimize_projection_name = 'by_offence'
