-- Recorded on these days of Lima, [first_day, end_day); said by the moment as well, by which whole parts are left out.
        AND recorded_day >= {first_day:Date}
        AND recorded_day < {end_day:Date}
        AND recorded_at >= toDateTime64(toString({first_day:Date}), 3, 'America/Lima')
        AND recorded_at < toDateTime64(toString({end_day:Date}), 3, 'America/Lima')
