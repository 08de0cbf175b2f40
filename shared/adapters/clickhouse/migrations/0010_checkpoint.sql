-- Checkpoints of stocks, once more: beside the sums of 0005 the late news of the month before `month`, that is what it recorded
-- about months before it. So a series rests on the checkpoint of each of its closes, and what was learnt later about one of them
-- is found here and not among the days of all years. Months first: parts are of months that follow each other, and `FINAL` need
-- not merge what cannot meet.
-- checkpoint_3b stays until no gateway of the release before can ask for it.
CREATE TABLE checkpoint_3c
(
    month Date,                                    -- the first day of which nothing is in it
    held Enum8('position' = 0, 'core' = 1, 'offence' = 2, 'core_late' = 3, 'offence_late' = 4),
    next_offsets Array(UInt64),                    -- of each partition, on the row 'position': what was recorded before the month
    book Enum8('' = 0, 'custody' = 1, 'transit' = 2, 'absence' = 3, 'health' = 4, 'child' = 5, 'supervision' = 6,
               'establishment' = 7, 'capacity' = 8, 'residents' = 9, 'anomaly' = 10, 'headcount' = 11),
    effective_day Date,                            -- of sums the day before `month`, or one that came later; of late news the month's last
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
