-- Fails if there is no journal; reads nothing.
SELECT 1 FROM {journal:Identifier} LIMIT 0
