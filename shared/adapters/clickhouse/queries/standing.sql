-- How far the log was consumed, and nothing else: what an order of a file is pinned to.
SELECT
-- @include position
