-- What was known: all, or what was recorded up to a time, or what stands before a position of each partition.
-- Flags fold to constants, so a column that is not asked about is not read and projections stay usable.
-- @include known_time
AND ({known_any_position:Bool} OR offset < {known_next:Array(UInt64)}[partition + 1])
