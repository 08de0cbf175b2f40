-- Messages whose payload was kept in quarantine, because all that was wrong was an unknown code, and of which no record
-- counts so far: the last of each source and id, a page in that order that begins after one of them.
WITH unknown AS (
    SELECT source, fact_id, subject, payload, recorded_at, partition, offset
    FROM {journal:Identifier}
    WHERE book = ''
        AND outcome = 'quarantined'
        AND (source, fact_id) > ({after_source:String}, {after_id:String})
        AND JSONHas(payload, 'data', 'payload')
)
SELECT groupArray((source, fact_id, last.1, last.2)) AS page
FROM (
    SELECT source, fact_id, argMax((subject, payload), (recorded_at, partition, offset)) AS last
    FROM unknown
    WHERE (source, fact_id) NOT IN (
        SELECT source, fact_id
        FROM {journal:Identifier}
        WHERE book = '' AND outcome = 'counted' AND (source, fact_id) IN (SELECT source, fact_id FROM unknown)
    )
    GROUP BY source, fact_id
    ORDER BY source, fact_id
    LIMIT {most:UInt32}
)
