-- Contradictions between facts: a page of those asked for, the latest first, and how many stand and how many are resolved.
SELECT
    arraySlice(
        groupArrayIf(
            (detail, establishment, counterparty, since, noticed, stands, resolved, by_source, by_id, by_type),
            has({standing:Array(UInt8)}, stands)
        ),
        {skip:UInt32} + 1,
        {first:UInt32}
    ) AS page,
    countIf(stands = 1) AS open_,
    countIf(stands = 0) AS resolved_,
-- @include position
FROM (
    SELECT
        detail, establishment, counterparty, since, noticed, stands, resolved, by.source AS by_source, by.fact_id AS by_id,
        by.fact_type AS by_type
    FROM (
        SELECT
            subject, detail, establishment, counterparty,
            toUnixTimestamp64Milli(effective_at) AS since,
            toUnixTimestamp64Milli(minIf(recorded_at, stock_delta > 0)) AS noticed,
            sum(stock_delta) AS stands,
            if(stands = 0, toUnixTimestamp64Milli(maxIf(recorded_at, stock_delta < 0)), 0) AS resolved,
            argMaxIf((partition, offset), (recorded_at, offset), stock_delta < 0) AS retracted_by
        FROM {journal:Identifier}
        WHERE book = 'anomaly'
            AND ({establishment:String} = '' OR {establishment:String} IN (establishment, counterparty))
            AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)}, splitByChar('|', detail)[1]))
-- @include known
        GROUP BY subject, detail, establishment, counterparty, effective_at
    ) AS found
    LEFT JOIN (
        SELECT tuple(partition, offset) AS stands_at, source, fact_id, fact_type
        FROM {journal:Identifier}
        WHERE book = '' AND line = 0 AND (partition, offset) IN (
            SELECT partition, offset FROM {journal:Identifier} WHERE book = 'anomaly' AND stock_delta < 0
        )
    ) AS by ON by.stands_at = found.retracted_by AND found.stands = 0
    ORDER BY since DESC, detail
)
