-- Ids under which one source told facts of more than one person, one of them recorded on the days asked for: a page, the
-- latest told first, and how many stand and are resolved. Resolved is what has one person left once voids are taken away.
WITH twice AS (
    SELECT source, fact_id
    FROM {journal:Identifier}
    WHERE book = '' AND outcome = 'counted' AND partition != {merged:UInt8}
        AND fact_id IN (
            SELECT fact_id
            FROM {journal:Identifier}
            WHERE book = '' AND outcome = 'counted' AND recorded_day >= {first_day:Date} AND recorded_day < {end_day:Date}
                AND ({establishment:String} = '' OR source = {establishment:String})
-- @include known
        )
        AND ({establishment:String} = '' OR source = {establishment:String})
-- @include known
    GROUP BY source, fact_id
    HAVING min(subject) != max(subject)
        AND countIf(recorded_day >= {first_day:Date} AND recorded_day < {end_day:Date}) > 0
)
SELECT
    arraySlice(
        groupArrayIf((source, fact_id, fact_type, since, noticed, stands, resolved, by_source, by_id), has({standing:Array(UInt8)}, stands)),
        {skip:UInt32} + 1,
        {first:UInt32}
    ) AS page,
    countIf(stands = 1) AS open_,
    countIf(stands = 0) AS resolved_,
-- @include position
FROM (
    SELECT
        source, fact_id,
        argMax(fact_type, told_at) AS fact_type,
        toUnixTimestamp64Milli(argMax(said_at, told_at)) AS since,
        toUnixTimestamp64Milli(arraySort(groupArray(told_at))[2]) AS noticed,
        arraySort(groupArrayIf((voided_at, void_source, void_id), void_id != '')) AS voids,
        toUInt8(count() - length(voids) > 1) AS stands,
        voids[toUInt32(count()) - 1] AS by,
        if(stands, 0, toUnixTimestamp64Milli(by.1)) AS resolved,
        by.2 AS by_source,
        by.3 AS by_id
    FROM (
        SELECT
            source, fact_id, subject, any(fact_type) AS fact_type, min(recorded_at) AS told_at,
            min(parseDateTime64BestEffortOrZero(JSONExtractString(payload, 'time'), 3)) AS said_at
        FROM {journal:Identifier}
        WHERE book = '' AND outcome = 'counted' AND partition != {merged:UInt8}
            AND (source, fact_id) IN (SELECT source, fact_id FROM twice)
-- @include known
        GROUP BY source, fact_id, subject
    ) AS facts
    LEFT JOIN (
        SELECT
            subject,
            JSONExtractString(payload, 'data', 'target', 'source') AS source,
            JSONExtractString(payload, 'data', 'target', 'id') AS fact_id,
            min(recorded_at) AS voided_at,
            argMin(journal.source, recorded_at) AS void_source,
            argMin(journal.fact_id, recorded_at) AS void_id
        FROM {journal:Identifier} AS journal
        WHERE book = '' AND outcome = 'counted' AND partition != {merged:UInt8} AND fact_type = 'siep.void.v1'
-- @include known
        GROUP BY subject, JSONExtractString(payload, 'data', 'target', 'source'), JSONExtractString(payload, 'data', 'target', 'id')
    ) AS voids USING (subject, source, fact_id)
    GROUP BY source, fact_id
    ORDER BY noticed DESC, source, fact_id
)
