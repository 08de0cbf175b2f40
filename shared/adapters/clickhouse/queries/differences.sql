-- How many rows of one partition only one of two journals has, up to an offset.
SELECT count() AS differences
FROM
(
    SELECT row_hash
    FROM
    (
        SELECT sipHash128(*) AS row_hash, 1 AS side
        FROM {living:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
        UNION ALL
        SELECT sipHash128(*) AS row_hash, -1 AS side
        FROM {rebuilt:Identifier}.{journal:Identifier} WHERE partition = {partition:UInt8} AND offset < {end:UInt64}
    )
    GROUP BY row_hash
    HAVING sum(side) != 0
)
