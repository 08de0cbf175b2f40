-- place: how each establishment stood from each day on (`office|ubigeo|houses|name`); a closed one keeps its last standing.
place AS (
    SELECT code, since, argMax(standing, from_moment) AS standing
    FROM (
        SELECT establishment AS code, effective_day AS since, effective_at AS from_moment, detail AS standing
        FROM {journal:Identifier}
        WHERE book = 'establishment'
            AND recorded_day < {base:Date} -- @when before_checkpoint
-- @include known
        GROUP BY code, since, from_moment, standing
        HAVING sum(stock_delta) > 0
    )
    GROUP BY code, since
),
