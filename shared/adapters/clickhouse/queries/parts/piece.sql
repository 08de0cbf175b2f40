-- The first day of the piece of the period that an entry falls in; what lies before the period falls in its first piece.
greatest(effective_day, {first_day:Date}) AS piece, -- @when by_day
greatest(toStartOfMonth(effective_day), {first_day:Date}) AS piece, -- @when by_month
greatest(toStartOfQuarter(effective_day), {first_day:Date}) AS piece, -- @when by_quarter
greatest(toStartOfYear(effective_day), {first_day:Date}) AS piece, -- @when by_year
