-- Every establishment known by the close of a day: how it stood, who was in it, how many places it had.
SELECT
    groupArray((code, open, standing, population, capacity)) AS establishments,
-- @include position
FROM (
    SELECT
        code,
        sumIf(change, line = 'establishment') > 0 AS open,
        argMaxIf(standing_, moment, line = 'establishment' AND change > 0) AS standing,
        sumIf(change, line = 'custody') AS population,
        sumIf(change, line = 'capacity') AS capacity
    FROM (
        SELECT
            establishment AS code, book AS line, detail AS standing_, effective_at AS moment, sum(stock_delta) AS change
        FROM {journal:Identifier}
        WHERE book = 'establishment' AND effective_day <= {last_day:Date}
-- @include known
        GROUP BY ALL
        SETTINGS optimize_use_projections = 0
        UNION ALL
        SELECT
            establishment AS code, book AS line, '' AS standing_, toDateTime64(0, 3, 'UTC') AS moment, sum(stock_delta)
        FROM {journal:Identifier}
        WHERE (book = 'custody' OR book = 'capacity') AND effective_day <= {last_day:Date}
            AND recorded_day >= {base:Date} -- @when from_checkpoint
-- @include known
        GROUP BY ALL
        SETTINGS preferred_optimize_projection_name = 'by_core', optimize_move_to_prewhere = 0 -- @when days_decide
-- @when from_checkpoint
        UNION ALL
        SELECT
            establishment AS code, book AS line, '' AS standing_, toDateTime64(0, 3, 'UTC') AS moment, sum(stock_delta)
        FROM {checkpoints:Identifier}
        FINAL
        WHERE (book = 'custody' OR book = 'capacity') AND effective_day <= {last_day:Date}
            AND held = {held:String} AND month = {base:Date}
        GROUP BY ALL
        SETTINGS optimize_move_to_prewhere = 0
-- @end
    )
    GROUP BY code
    HAVING standing != ''
    ORDER BY code
)
