-- The first rows of one partition that only one of two journals has: which, where, what it says, and the fact it is about.
-- Names of facts are those of the rebuilt journal, which the log made.
SELECT
    if(only_in > 0, 'living', 'rebuilt') AS journal, offset, line, said, facts.source AS source, facts.fact_id AS id,
    facts.fact_type AS type
FROM (
    SELECT offset, line, any(row_says) AS said, sum(side) AS only_in
    FROM (
        SELECT
            offset, line, 1 AS side, sipHash128(*) AS row_hash,
            concat(toString(outcome), ' ', toString(book), ' ', toString(cause), ' ', establishment, ' ', toString(effective_at), ' stock ', toString(stock_delta), ' flow ', toString(flow_delta)) AS row_says
        FROM {living:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
        UNION ALL
        SELECT
            offset, line, -1 AS side, sipHash128(*) AS row_hash,
            concat(toString(outcome), ' ', toString(book), ' ', toString(cause), ' ', establishment, ' ', toString(effective_at), ' stock ', toString(stock_delta), ' flow ', toString(flow_delta)) AS row_says
        FROM {rebuilt:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
    )
    GROUP BY row_hash, offset, line
    HAVING only_in != 0
    ORDER BY offset, line, only_in
    LIMIT {first:UInt32}
) AS rows_
LEFT JOIN (
    SELECT offset, source, fact_id, fact_type FROM {rebuilt:Identifier}.{journal:Identifier}
    WHERE book = '' AND line = 0 AND partition = {partition:UInt8}
) AS facts USING (offset)
ORDER BY offset, line, journal
