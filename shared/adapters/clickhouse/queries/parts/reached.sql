-- How far a partition of the log was consumed as far as it was known, and the last moment recorded in it; from `reached_in.sql`.
    maxOrNull(offset) + 1 AS reached, -- @when known_so_far
    maxOrNullIf(last, recorded_day <= {known_day:Date}) + 1 AS reached, -- @when known_by_day
    maxOrNull(last) + 1 AS reached, -- @when known_by_time
    greatest(
        ifNull(reached, 0)
        , {base_next:Array(UInt64)}[partition + 1] -- @when from_checkpoint
    ) AS next_offset,
    toUnixTimestamp64Milli(max(recorded_at)) AS recorded
