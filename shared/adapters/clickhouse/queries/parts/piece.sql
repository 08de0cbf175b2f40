-- The first day of the piece of the period that an entry falls in; what lies before the period falls in its first piece.
multiIf(
    {interval:String} = 'day', greatest(effective_day, {first_day:Date}),
    {interval:String} = 'month', greatest(toStartOfMonth(effective_day), {first_day:Date}),
    {interval:String} = 'quarter', greatest(toStartOfQuarter(effective_day), {first_day:Date}),
    {interval:String} = 'year', greatest(toStartOfYear(effective_day), {first_day:Date}),
    {first_day:Date}
)
