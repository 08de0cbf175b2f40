-- Checkpoints of stocks: who was counted at the end of a month as it was known then, the log having passed it everywhere.
-- Sums of journal_3 over what was effective and recorded before the first of `month` in Lima. What is learnt later is recorded
-- later, so a checkpoint never changes; made twice it is the same, and is read as one. One insert is one month and one part.
CREATE TABLE checkpoint_3
(
    month Date,                                    -- the first day that is not in it
    held Enum8('position' = 0, 'core' = 1, 'offence' = 2),
    next_offsets Array(UInt64),                    -- of each partition, on the row 'position': what was recorded before the month
    book Enum8('' = 0, 'custody' = 1, 'transit' = 2, 'absence' = 3, 'health' = 4, 'child' = 5, 'supervision' = 6,
               'establishment' = 7, 'capacity' = 8, 'residents' = 9, 'anomaly' = 10, 'headcount' = 11),
    establishment LowCardinality(String),
    sex LowCardinality(String),
    legal_status LowCardinality(String),
    offence LowCardinality(String),
    attempt UInt8,
    stock_delta Int64
)
ENGINE = ReplacingMergeTree
ORDER BY (month, held, book, establishment, sex, legal_status, offence, attempt)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
