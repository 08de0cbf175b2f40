-- The last moment recorded before a position; 0 if nothing was.
SELECT toUnixTimestamp64Milli(max(recorded_at))
FROM {journal:Identifier}
WHERE offset < {known_next:Array(UInt64)}[partition + 1]
