-- The rows that some subjects have in one partition, in the order of the log: counted facts with their messages, and notices
-- without.
SELECT offset, subject, if(outcome = 'counted', payload, '') AS payload
FROM {journal:Identifier}
WHERE book = '' AND partition = {partition:UInt8} AND outcome IN ('counted', 'copied') AND subject IN {subjects:Array(String)}
ORDER BY offset
