-- As `piece`, of whole months.
greatest(effective_month, {first_day:Date}) AS piece, -- @when by_month
greatest(toStartOfQuarter(effective_month), {first_day:Date}) AS piece, -- @when by_quarter
greatest(toStartOfYear(effective_month), {first_day:Date}) AS piece, -- @when by_year
{first_day:Date} AS piece, -- @when whole
