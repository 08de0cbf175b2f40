-- place: how each establishment stood from each day on (`office|ubigeo|houses|name`); a closed one keeps its last standing.
place AS (
    SELECT code, since, argMax(standing, from_moment) AS standing
    FROM (
        SELECT establishment AS code, effective_day AS since, effective_at AS from_moment, detail AS standing
        FROM {journal:Identifier}
        WHERE book = 'establishment'
-- @include known
        GROUP BY code, since, from_moment, standing
        HAVING sum(stock_delta) > 0
        SETTINGS optimize_use_projections = 0, optimize_move_to_prewhere = 0 -- no projection holds this, and the key finds it
    )
    GROUP BY code, since
),
