-- How far the log was consumed as far as it was known, and the last moment recorded in each partition.
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
    ) AS recorded
