-- Rows of one partition, from one offset on, of tokens that merges name: from the row that names a token first.
WITH named AS (
    SELECT subject, min(offset) AS named_at
    FROM {journal:Identifier}
    WHERE book = ''
        AND partition = {partition:UInt8}
        AND outcome IN ('counted', 'copied')
        AND fact_type IN ('siep.identity_merge.v1', 'siep.merge_notice.v1')
    GROUP BY subject
)
SELECT
    offset, subject, toUnixTimestamp64Milli(recorded_at) AS recorded_at_ms, named_at, outcome = 'counted' AS counted,
    if(fact_type = 'siep.identity_merge.v1', JSONExtractString(payload, 'data', 'other'), '') AS other
FROM {journal:Identifier} AS rows_
INNER JOIN named USING (subject)
WHERE book = ''
    AND partition = {partition:UInt8}
    AND outcome IN ('counted', 'copied')
    AND offset >= {start:UInt64}
    AND offset >= named_at
ORDER BY offset
