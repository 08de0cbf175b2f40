-- The messages of all counted facts of some subjects in one partition, in the order of the log.
SELECT offset, subject, payload
FROM {journal:Identifier}
WHERE book = '' AND partition = {partition:UInt8} AND outcome = 'counted' AND subject IN {subjects:Array(String)}
ORDER BY offset
