-- Rows of one partition that only one of two journals has, up to an offset: how many, and the first offset of such a row.
SELECT count() AS differences, min(first_offset) AS first_offset
FROM
(
    SELECT row_hash, min(offset) AS first_offset
    FROM
    (
        SELECT offset, sipHash128(*) AS row_hash, 1 AS side
        FROM {living:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
        UNION ALL
        SELECT offset, sipHash128(*) AS row_hash, -1 AS side
        FROM {rebuilt:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
    )
    GROUP BY row_hash
    HAVING sum(side) != 0
)
