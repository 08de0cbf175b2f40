-- Checkpoints of stocks, again: all that journal_3 had recorded before the first of `month` in Lima. What was effective before it
-- is one sum; what is effective later keeps its own day, so beside a checkpoint only what was recorded since has to be read.
-- A checkpoint never changes; made twice it is the same, and is read as one. One insert is one month and one part.
-- checkpoint_3 stays until no gateway of the release before can ask for it.
CREATE TABLE checkpoint_3b
(
    month Date,                                    -- the first day of which nothing is in it
    held Enum8('position' = 0, 'core' = 1, 'offence' = 2),
    next_offsets Array(UInt64),                    -- of each partition, on the row 'position': what was recorded before the month
    book Enum8('' = 0, 'custody' = 1, 'transit' = 2, 'absence' = 3, 'health' = 4, 'child' = 5, 'supervision' = 6,
               'establishment' = 7, 'capacity' = 8, 'residents' = 9, 'anomaly' = 10, 'headcount' = 11),
    effective_day Date,                            -- the day before the month, or one that came later
    establishment LowCardinality(String),
    sex LowCardinality(String),
    legal_status LowCardinality(String),
    offence LowCardinality(String),
    attempt UInt8,
    stock_delta Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (month, held, book, effective_day, establishment, sex, legal_status, offence, attempt)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
