-- Where one partition stands: the next offset to consume, the last seq, the last recorded time (ms), its fact rows.
SELECT
    ifNull(maxOrNull(offset) + 1, 0) AS next_offset,
    max(seq) AS seq,
    toUnixTimestamp64Milli(max(recorded_at)) AS recorded_at_ms,
    countIf(line = 0) AS fact_rows
FROM {journal:Identifier}
WHERE partition = {partition:UInt8}
SETTINGS preferred_optimize_projection_name = 'position'
