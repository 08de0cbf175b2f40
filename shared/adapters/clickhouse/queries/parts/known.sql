-- What was known: all, or what was recorded up to a time, or what stands before a position of each partition.
-- @include known_time
AND offset < {known_next:Array(UInt64)}[partition + 1] -- @when known_by_position
