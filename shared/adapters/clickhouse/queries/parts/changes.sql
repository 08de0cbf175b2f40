-- What changed the figure: by the day on which it was recorded and the type of the facts that did it.
SELECT groupArray((recorded_day, fact_type, facts, change))
FROM (
    SELECT recorded_day, fact_type, count() AS facts, sum(by_fact) AS change
    FROM (
        SELECT recorded_day, fact_type, fact_at, sum(value) AS by_fact
        FROM named
        WHERE true
-- @include filters
        GROUP BY recorded_day, fact_type, fact_at
        HAVING by_fact != 0
    )
    GROUP BY recorded_day, fact_type
    ORDER BY recorded_day, fact_type
)
