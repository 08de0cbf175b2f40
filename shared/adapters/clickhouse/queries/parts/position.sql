-- How far each partition was consumed, as one value.
    (
        SELECT groupArray((partition, next_offset, recorded))
        FROM (
-- @include reached
        )
    ) AS position
