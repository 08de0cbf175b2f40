-- Signed counts, the latest first, and what the roll said at the moment of each. Days before that of a count come as sums by
-- day; its own day comes entry by entry, up to the moment.
WITH
    counts AS (
        SELECT
            establishment AS at_site, toUnixTimestamp64Milli(effective_at) AS moment, effective_day AS count_day,
            substring(detail, position(detail, '|') + 1) AS fact, any(motive) AS signed_by
        FROM {journal:Identifier}
        WHERE book = 'headcount' AND startsWith(detail, 'signed|')
            AND effective_day >= {first_day:Date} AND effective_day <= {last_day:Date}
            AND ({establishment:String} = '' OR establishment = {establishment:String})
-- @include known
        GROUP BY ALL
        HAVING sum(stock_delta) > 0
        ORDER BY moment DESC, fact DESC
        LIMIT 1 BY at_site -- @when latest
        LIMIT {first:UInt32}
    )
SELECT
    (SELECT groupArray((at_site, moment, fact, signed_by)) FROM counts) AS signed,
    (
        SELECT groupArray((fact, what, sex, persons))
        FROM (
            SELECT
                substring(detail, position(detail, '|') + 1) AS fact, splitByChar('|', detail)[1] AS what, sex,
                sum(stock_delta) AS persons
            FROM {journal:Identifier}
            WHERE book = 'headcount' AND (establishment, fact) IN (SELECT at_site, fact FROM counts) AND what != 'signed'
-- @include known
            GROUP BY ALL
            HAVING persons > 0
        )
    ) AS counted,
    (
        SELECT groupArray((fact, line, sex, persons))
        FROM (
            SELECT
                fact, line, sex,
                sumIf(change, (day < count_day AND entered = -1) OR (day = count_day AND entered >= 0 AND entered <= moment)) AS persons
            FROM counts
            INNER JOIN (
                SELECT establishment AS of_site, toString(book) AS line, sex, effective_day AS day, -1 AS entered, sum(stock_delta) AS change
                FROM {journal:Identifier}
                WHERE book IN ('custody', 'absence', 'transit') AND effective_day < {last_day:Date}
                    AND establishment IN (SELECT at_site FROM counts)
-- @include known
                GROUP BY ALL
                UNION ALL
                SELECT
                    establishment, toString(book), sex, effective_day, toUnixTimestamp64Milli(effective_at), sum(stock_delta)
                FROM {journal:Identifier}
                WHERE book IN ('custody', 'absence', 'transit') AND effective_day IN (SELECT count_day FROM counts)
                    AND establishment IN (SELECT at_site FROM counts)
-- @include known
                GROUP BY ALL
            ) AS roll ON roll.of_site = counts.at_site
            GROUP BY fact, line, sex
            HAVING persons != 0
        )
    ) AS standing,
-- @include position
