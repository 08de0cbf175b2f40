-- How far each partition was consumed, as one value.
    (
        SELECT groupArray((partition, next_offset, recorded))
        FROM (
            WITH
-- @include reached
            SELECT partition, next_offset, recorded
-- @include reached_in
        )
    ) AS position
