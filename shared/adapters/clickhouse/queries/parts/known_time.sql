-- What was recorded up to a time. A time that ends a Lima day is decided by days, which projections know.
    ({known_any_day:Bool} OR recorded_day <= {known_day:Date})
AND ({known_any_time:Bool} OR recorded_at <= {known_time:DateTime64(3, 'UTC')})
