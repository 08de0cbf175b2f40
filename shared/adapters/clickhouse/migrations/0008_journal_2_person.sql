-- journal_2 is read for what was known under its fold, and grows no more: there the number is worked out as it is read.
ALTER TABLE journal_2 ADD COLUMN person UInt64 ALIAS cityHash64(subject)
