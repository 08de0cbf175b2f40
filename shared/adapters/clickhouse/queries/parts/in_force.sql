-- The establishments in force at the close of a day. They are a few rows at the beginning of the key, which no projection spares.
SELECT establishment AS code
FROM {journal:Identifier}
WHERE book = 'establishment' AND effective_day <= {last_day:Date}
-- @include known
GROUP BY code
HAVING sum(stock_delta) > 0
