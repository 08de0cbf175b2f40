-- Appends one batch of one partition, if the partition still stands where the writer believes: the statement itself
-- refuses otherwise. The body is an Arrow stream with these columns.
INSERT INTO {journal:Identifier}
(
    partition, offset, line, seq, recorded_at, outcome, source, fact_id, subject, fact_type, payload,
    book, cause, effective_at, establishment, counterparty, stock_delta, flow_delta,
    legal_status, sex, birth_month, nationality, offence, attempt, schooling, civil_status, occupation, admissions,
    recidivism, sentence_months, residence, residence_nucleus, liberty_type, motive, detail
)
SELECT
    {partition:UInt8}, offset, line, seq, fromUnixTimestamp64Milli(recorded_at_ms, 'UTC'), outcome, source, fact_id, subject,
    fact_type, payload, book, cause, fromUnixTimestamp64Milli(effective_at_ms, 'UTC'), establishment, counterparty, stock_delta,
    flow_delta, legal_status, sex, birth_month, nationality, offence, attempt, schooling, civil_status, occupation,
    admissions, recidivism, sentence_months, residence, residence_nucleus, liberty_type, motive, detail
FROM input('offset UInt64, line UInt16, seq UInt64, recorded_at_ms Int64, outcome String, source String, fact_id String, subject String, fact_type String, payload String, book String, cause String, effective_at_ms Int64, establishment String, counterparty String, stock_delta Int32, flow_delta Int8, legal_status String, sex String, birth_month UInt16, nationality String, offence String, attempt UInt8, schooling String, civil_status String, occupation String, admissions UInt8, recidivism String, sentence_months UInt16, residence String, residence_nucleus String, liberty_type String, motive String, detail String')
WHERE throwIf(
    (
        SELECT ifNull(maxOrNull(offset) + 1, 0) FROM {journal:Identifier} WHERE partition = {partition:UInt8}
        SETTINGS preferred_optimize_projection_name = 'position'
    ) <> {next_offset:UInt64},
    'the partition has moved'
) = 0
FORMAT ArrowStream
