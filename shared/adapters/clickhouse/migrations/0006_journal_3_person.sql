-- A number for each person, where people are told apart: to tell apart 64 characters of a token reads nine times as much. Of a
-- million persons in a journal two share one once in 37 million such journals. Rows of other books have none.
ALTER TABLE journal_3
ADD COLUMN person UInt64 MATERIALIZED if(book IN ('custody', 'supervision'), cityHash64(subject), 0) AFTER subject
