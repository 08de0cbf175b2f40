-- Rolls: who was counted in each book at New Year as it was known then, the log having passed it everywhere; a row for each person
-- and cell, with all that a stock can be asked by. What was effective before `month` is one sum, as in checkpoints of each month
-- (0010), which hold few columns: with all of them a roll a month would be as large as the journal, and one a year is a tenth of it.
-- Two may make the same roll: each writes an own `held`, and a question reads one of them. One insert is one roll and one part.
CREATE TABLE roll_3
(
    month Date,                                    -- the first of January of which nothing is in it
    held LowCardinality(String),                   -- which making of it a row is of
    book Enum8('' = 0, 'custody' = 1, 'transit' = 2, 'absence' = 3, 'health' = 4, 'child' = 5, 'supervision' = 6,
               'establishment' = 7, 'capacity' = 8, 'residents' = 9, 'anomaly' = 10, 'headcount' = 11),
    effective_day Date,                            -- the day before the month, or one that came later
    person UInt64,
    establishment LowCardinality(String),
    legal_status LowCardinality(String),
    sex LowCardinality(String),
    birth_month UInt16,
    nationality LowCardinality(String),
    offence LowCardinality(String),
    attempt UInt8,
    schooling LowCardinality(String),
    civil_status LowCardinality(String),
    occupation LowCardinality(String),
    admissions UInt8,
    recidivism LowCardinality(String),
    sentence_months UInt16,
    residence LowCardinality(String),
    residence_nucleus String,
    detail LowCardinality(String),
    stock_delta Int64
)
ENGINE = MergeTree
ORDER BY (month, held, book, effective_day, establishment)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
