-- What histories hold of one partition in a range of offsets, in the order of the log.
SELECT offset, subject, payload
FROM {journal:Identifier}
WHERE book = '' AND partition = {partition:UInt8} AND offset >= {start:UInt64} AND offset < {end:UInt64} AND outcome IN ('counted', 'copied')
ORDER BY offset
