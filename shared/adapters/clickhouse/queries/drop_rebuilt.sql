-- Forget a rebuilt journal.
DROP TABLE IF EXISTS {rebuilt:Identifier} SYNC
