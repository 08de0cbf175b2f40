-- What was known: all, or what was recorded up to a time, or what stands before a position of each partition. A time that
-- ends a Lima day is decided by days, which projections know.
AND recorded_day <= {known_day:Date} -- @when known_by_day
AND recorded_at <= {known_time:DateTime64(3, 'UTC')} -- @when known_by_time
AND offset < {known_next:Array(UInt64)}[partition + 1] -- @when known_by_position
