-- Contradictions between facts: a page of those asked for, the latest first, and how many stand and how many are resolved.
-- A fact is told by the row that it stands in: (0, 0) where there is none, or where `detail` has its name.
SELECT
    arraySlice(
        groupArrayIf(
            (detail, establishment, counterparty, since, noticed, stands, resolved, shown_at, resolved_at),
            has({standing:Array(UInt8)}, stands)
        ),
        {skip:UInt32} + 1,
        {first:UInt32}
    ) AS page,
    countIf(stands = 1) AS open_,
    countIf(stands = 0) AS resolved_,
-- @include position
FROM (
    SELECT *
    FROM (
        SELECT
            detail, establishment, counterparty,
            toUnixTimestamp64Milli(effective_at) AS since,
            toUnixTimestamp64Milli(minIf(recorded_at, stock_delta > 0)) AS noticed,
            sum(stock_delta) AS stands,
            if(stands = 0, toUnixTimestamp64Milli(maxIf(recorded_at, stock_delta < 0)), 0) AS resolved,
            (toUInt8(0), toUInt64(0)) AS shown_at,
            argMaxIf((partition, offset), (recorded_at, offset), stock_delta < 0) AS resolved_at
        FROM {journal:Identifier}
        WHERE book = 'anomaly'
            AND ({establishment:String} = '' OR {establishment:String} IN (establishment, counterparty))
            AND (empty({kinds:Array(String)}) OR has({kinds:Array(String)}, splitByChar('|', detail)[1]))
-- @include known
        GROUP BY subject, detail, establishment, counterparty, effective_at
-- @when departed
        UNION ALL
-- @include departed
-- @end
    )
    ORDER BY since DESC, detail, shown_at
)
