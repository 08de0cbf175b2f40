-- Every entry of the ledger that takes effect in a period (both days included), as recorded before a position.
SELECT
    partition, offset, line, recorded_at, subject, toString(book) AS book, toString(cause) AS cause, effective_at, establishment,
    counterparty, stock_delta, flow_delta, legal_status, sex, birth_month, nationality, offence, attempt, schooling,
    civil_status, occupation, admissions, recidivism, sentence_months, residence, residence_nucleus, liberty_type, motive, detail
FROM {journal:Identifier}
WHERE outcome = 'entry'
    AND effective_day >= {first_day:Date}
    AND effective_day <= {last_day:Date}
-- @include known
ORDER BY effective_at, partition, offset, line
