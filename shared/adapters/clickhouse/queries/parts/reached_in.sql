-- What `reached.sql` is read from, a group for each partition of the log. A checkpoint is there only once every partition has a
-- record from after it, and knows how far each came before it, so nothing need be looked for before. A moment within a day is
-- decided by the days before it, which a projection knows, and that day's own rows.
-- @when known_by_day
FROM (
    SELECT partition, recorded_day, maxOrNull(offset) AS last, max(recorded_at) AS recorded_at
    FROM {journal:Identifier}
    WHERE recorded_day >= {base:Date} -- @when from_checkpoint
    GROUP BY partition, recorded_day
)
-- @end
-- @when known_so_far
FROM {journal:Identifier}
WHERE recorded_day >= {base:Date} -- @when from_checkpoint
-- @end
-- @when known_by_time
FROM (
    SELECT partition, if(recorded_day < {known_day:Date}, maxOrNull(offset), NULL) AS last, max(recorded_at) AS recorded_at
    FROM {journal:Identifier}
    WHERE recorded_day >= {base:Date} -- @when from_checkpoint
    GROUP BY partition, recorded_day
    UNION ALL
    SELECT partition, maxOrNull(offset), max(recorded_at)
    FROM {journal:Identifier}
    WHERE recorded_at >= toDateTime64({known_day:Date}, 3, 'America/Lima')
        AND recorded_at <= {known_time:DateTime64(3, 'UTC')}
    GROUP BY partition
)
-- @end
GROUP BY partition
SETTINGS preferred_optimize_projection_name = 'position'
    , optimize_move_to_prewhere = 0 -- @when known_so_far
    , optimize_move_to_prewhere = 0 -- @when known_by_day
