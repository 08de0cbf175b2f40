-- How far the log was consumed, and whether all of it is in the journal.
SELECT
-- @include whole
