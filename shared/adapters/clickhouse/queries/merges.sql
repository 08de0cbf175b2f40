-- Which tokens the merges name that have arrived among the merged persons, before a position, and whether one of the two
-- is of the sample.
SELECT groupArray((subject, other, drawn))
FROM (
    SELECT
        subject,
        JSONExtractString(
            arrayJoin(
                arrayFilter(
                    fact -> JSONExtractString(fact, 'type') = 'siep.identity_merge.v1', JSONExtractArrayRaw(payload, 'data', 'facts')
                )
            ),
            'data', 'other'
        ) AS other,
        {sample:UInt8} IN (sipHash64(subject) % {samples:UInt8}, sipHash64(other) % {samples:UInt8}) AS drawn
    FROM {journal:Identifier}
    WHERE book = '' AND partition = {merged:UInt8} AND outcome = 'copied' AND position(payload, 'siep.identity_merge.v1') > 0
-- @include known
)
