-- The last day of each piece of the period.
[{last_day:Date}] -- @when whole
arrayMap(n -> {first_day:Date} + n, range({pieces:UInt16})) -- @when by_day
arrayMap(n -> least(toStartOfMonth(addMonths({first_day:Date}, n + 1)) - 1, {last_day:Date}), range({pieces:UInt16})) -- @when by_month
arrayMap(n -> least(toStartOfQuarter(addQuarters({first_day:Date}, n + 1)) - 1, {last_day:Date}), range({pieces:UInt16})) -- @when by_quarter
arrayMap(n -> least(toStartOfYear(addYears({first_day:Date}, n + 1)) - 1, {last_day:Date}), range({pieces:UInt16})) -- @when by_year
