-- How far a partition of the log was consumed as far as it was known, and the last moment recorded in it; from `reached_in.sql`.
-- 0 if nothing of it was read: what lies before a checkpoint is added where the answer is read.
    ifNull(maxOrNull(offset) + 1, 0) AS next_offset, -- @when known_so_far
    ifNull(maxOrNullIf(last, recorded_day <= {known_day:Date}) + 1, 0) AS next_offset, -- @when known_by_day
    ifNull(maxOrNull(last) + 1, 0) AS next_offset, -- @when known_by_time
    toUnixTimestamp64Milli(max(recorded_at)) AS recorded
