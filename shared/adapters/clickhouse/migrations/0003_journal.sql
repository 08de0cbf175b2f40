-- The journal: every consumed offset as a fact row (line 0), every difference it made as entry rows (line 1, 2, …).
-- A batch is one insert into this one table and so one part: facts and entries exist together or not at all.
-- The name ends in the version of the fold. Version 3 counts merged persons as one; what is over is counted from checkpoints
-- (0004), so there are no projections by months any more.
CREATE TABLE journal_3
(
    -- where the row stands in the log
    partition UInt8,
    offset UInt64 CODEC(Delta, ZSTD(1)),
    line UInt16,                                   -- 0: the fact; 1, 2, …: the ledger entries it caused
    seq UInt64 CODEC(Delta, ZSTD(1)),              -- fact rows of a partition count 1, 2, 3 …; entry rows carry their fact's
    recorded_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),  -- when we learnt it: never runs backwards in a partition
    recorded_day Date MATERIALIZED toDate(recorded_at, 'America/Lima'),

    -- the fact
    outcome Enum8('entry' = 0, 'counted' = 1, 'duplicate' = 2, 'conflict' = 3, 'quarantined' = 4, 'tick' = 5,
                  'copied' = 6, 'repeated' = 7),  -- what aggregators tell each other, new or once more
    source LowCardinality(String),
    fact_id String CODEC(ZSTD(1)),
    subject String CODEC(ZSTD(1)),                 -- person token, or code of an establishment; also on entry rows
    fact_type LowCardinality(String),              -- on entry rows: of the fact that caused them
    payload String CODEC(ZSTD(3)),                 -- the message as it stands in the log

    -- the entry: what changed, where and when
    book Enum8('' = 0, 'custody' = 1, 'transit' = 2, 'absence' = 3, 'health' = 4, 'child' = 5, 'supervision' = 6,
               'establishment' = 7, 'capacity' = 8, 'residents' = 9, 'anomaly' = 10, 'headcount' = 11),
    cause Enum8('' = 0, 'opening' = 1, 'admission' = 2, 'recapture' = 3, 'release' = 4, 'death' = 5, 'escape' = 6,
                'transfer_in' = 7, 'transfer_out' = 8, 'reclassification' = 9, 'correction' = 10, 'start' = 11, 'end' = 12,
                'contradiction' = 13),
    effective_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    effective_day Date MATERIALIZED toDate(effective_at, 'America/Lima'),
    establishment LowCardinality(String),          -- in books supervision and residents: the unit, the place
    counterparty LowCardinality(String),           -- the other end of a transfer
    stock_delta Int32,
    flow_delta Int8,

    -- the attributes at that moment; '' and 0 are "sin dato" (sentence: none)
    legal_status LowCardinality(String),
    sex LowCardinality(String),
    birth_month UInt16,                            -- months since January of the year 0
    nationality LowCardinality(String),
    offence LowCardinality(String),
    attempt UInt8,
    schooling LowCardinality(String),
    civil_status LowCardinality(String),
    occupation LowCardinality(String),
    admissions UInt8,
    recidivism LowCardinality(String),
    sentence_months UInt16,                        -- 0: no sentence in force, months + 1 otherwise, 65535: life
    residence LowCardinality(String),
    residence_nucleus String,
    liberty_type LowCardinality(String),           -- of a release
    motive LowCardinality(String),                 -- of an admission, an exit, a transfer, an absence
    detail LowCardinality(String),                 -- book health: the condition; supervision: service|state|wrong; establishment: office|place|houses|name

    -- the fate of one id is looked up among all facts
    INDEX fact_ids fact_id TYPE bloom_filter(0.01) GRANULARITY 1,

    -- the position: read before every batch, so it must cost nothing; by days, for what was known at the close of one
    PROJECTION position (
        SELECT partition, recorded_day, maxOrNull(offset), max(seq), max(recorded_at), countIf(line = 0)
        GROUP BY partition, recorded_day
    ),
    PROJECTION by_core (
        SELECT book, cause, effective_day, recorded_day, establishment, sex, legal_status, sum(stock_delta), sum(flow_delta)
        GROUP BY book, cause, effective_day, recorded_day, establishment, sex, legal_status
    ),
    PROJECTION by_offence (
        SELECT book, cause, effective_day, recorded_day, establishment, offence, attempt, legal_status, sum(stock_delta), sum(flow_delta)
        GROUP BY book, cause, effective_day, recorded_day, establishment, offence, attempt, legal_status
    )
)
ENGINE = MergeTree
PARTITION BY toYear(recorded_at, 'America/Lima')
ORDER BY (book, effective_day, establishment, partition, offset, line)
SETTINGS
    non_replicated_deduplication_window = 10000,
    deduplicate_merge_projection_mode = 'throw',
    -- on one server: what was answered survives a power cut (15 ms an insert on a virtual disk)
    fsync_after_insert = 1,
    fsync_part_directory = 1;
