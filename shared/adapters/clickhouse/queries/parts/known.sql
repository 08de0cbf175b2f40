-- What was known: all, or what was recorded up to a time, or what stands before a position of each partition.
-- Flags fold to constants, so a column that is not asked about is not read and projections stay usable.
    ({known_any_day:Bool} OR recorded_day <= {known_day:Date})
AND ({known_any_time:Bool} OR recorded_at <= {known_time:DateTime64(3, 'UTC')})
AND ({known_any_position:Bool} OR offset < {known_next:Array(UInt64)}[partition + 1])
