SELECT recorded_day, fact_type, fact_at, sum(value) AS by_fact
-- @include located
WHERE true
-- @include filters
GROUP BY recorded_day, fact_type, fact_at
HAVING by_fact != 0
