-- How far each partition was consumed (see position), and how many records the journal has of what lies before.
    (
        SELECT countIf(line = 0) FROM {journal:Identifier}
        SETTINGS preferred_optimize_projection_name = 'position'
    ) AS fact_rows,
-- @include position
