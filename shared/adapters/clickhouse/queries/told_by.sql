-- What some partitions have of what the aggregator of one told them: the rows it came from, as partition:offset.
SELECT DISTINCT partition, fact_id
FROM {journal:Identifier}
WHERE book = ''
    AND partition IN {destinations:Array(UInt8)}
    AND outcome = 'copied'
    AND startsWith(fact_id, {origins:String})
