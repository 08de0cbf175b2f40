-- What was recorded up to a time. A time that ends a Lima day is decided by days, which projections know.
AND recorded_day <= {known_day:Date} -- @when known_by_day
AND recorded_at <= {known_time:DateTime64(3, 'UTC')} -- @when known_by_time
