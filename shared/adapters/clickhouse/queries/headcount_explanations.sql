-- Facts that could explain why a count and the roll of one establishment differ: what contradicts itself, who was in transit,
-- and what was told only after the count about a time before it. A fact is told by the row that it stands in, an anomaly by
-- its `detail`.
SELECT groupArray((kind, said, stands_at, at_ms, recorded_ms))
FROM (
    SELECT kind, said, stands_at, at_ms, recorded_ms
    FROM (
        SELECT
            'anomaly' AS kind, detail AS said, (toUInt8(0), toUInt64(0)) AS stands_at, toUnixTimestamp64Milli(effective_at) AS at_ms,
            toUnixTimestamp64Milli(min(recorded_at)) AS recorded_ms
        FROM {journal:Identifier}
        WHERE book = 'anomaly' AND {establishment:String} IN (establishment, counterparty)
            AND effective_at <= fromUnixTimestamp64Milli({moment:Int64}, 'UTC')
-- @include known
        GROUP BY subject, detail, effective_at
        HAVING sum(stock_delta) > 0
        UNION ALL
        SELECT
            'in_transit', '', argMaxIf((partition, offset), (effective_at, -toInt64(offset)), stock_delta > 0), -- as first told
            toUnixTimestamp64Milli(maxIf(effective_at, stock_delta > 0)), toUnixTimestamp64Milli(maxIf(recorded_at, stock_delta > 0))
        FROM {journal:Identifier}
        WHERE book = 'transit' AND effective_at <= fromUnixTimestamp64Milli({moment:Int64}, 'UTC')
            AND subject IN (
                SELECT subject FROM {journal:Identifier}
                WHERE book = 'transit' AND {establishment:String} IN (establishment, counterparty)
            )
-- @include known
        GROUP BY subject
        HAVING sum(stock_delta) > 0
        UNION ALL
        SELECT
            'told_after', '', (partition, offset), toUnixTimestamp64Milli(min(effective_at)), toUnixTimestamp64Milli(min(recorded_at))
        FROM {journal:Identifier}
        WHERE book = 'custody' AND establishment = {establishment:String}
            AND effective_at <= fromUnixTimestamp64Milli({moment:Int64}, 'UTC')
            AND recorded_at > fromUnixTimestamp64Milli({moment:Int64}, 'UTC')
-- @include known
        GROUP BY partition, offset
    )
    ORDER BY recorded_ms DESC, said, stands_at
    LIMIT {first:UInt32}
)
