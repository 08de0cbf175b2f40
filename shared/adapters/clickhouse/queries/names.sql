-- What the facts in these rows are called.
SELECT groupArray((partition, offset, source, fact_id, fact_type))
FROM {journal:Identifier}
WHERE book = '' AND line = 0 AND (partition, offset) IN {rows:Array(Tuple(UInt8, UInt64))}
