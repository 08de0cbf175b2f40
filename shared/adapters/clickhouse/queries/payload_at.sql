-- The message that one partition recorded at one offset.
SELECT payload
FROM {journal:Identifier}
WHERE book = '' AND partition = {partition:UInt8} AND offset = {offset:UInt64} AND line = 0
