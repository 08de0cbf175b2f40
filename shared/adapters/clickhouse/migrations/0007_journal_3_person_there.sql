-- What is there already gets it now, and not each time that it is read.
ALTER TABLE journal_3 MATERIALIZE COLUMN person
