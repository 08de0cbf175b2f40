-- What changed the figure: by the day on which it was recorded and the type of the facts that did it.
SELECT groupArray((recorded_day, fact_type, facts, change))
FROM (
    SELECT recorded_day, fact_type, count() AS facts, sum(by_fact) AS change
    FROM (
-- @rows
    )
    GROUP BY recorded_day, fact_type
    ORDER BY recorded_day, fact_type
)
