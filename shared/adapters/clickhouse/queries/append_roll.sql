-- Makes the roll of one New Year out of what was recorded before it, as one block and so one part. The log must have passed it in every partition.
INSERT INTO {rolls:Identifier} (
    month, held, book, effective_day, person, establishment, legal_status, sex, birth_month, nationality, offence, attempt,
    schooling, civil_status, occupation, admissions, recidivism, sentence_months, residence, residence_nucleus, detail, stock_delta
)
SELECT
    {month:Date} AS month, (SELECT toString(generateUUIDv4())) AS held, book, greatest(effective_day, {month:Date} - 1) AS day,
    person, establishment, legal_status, sex, birth_month, nationality, offence, attempt,
    schooling, civil_status, occupation, admissions, recidivism, sentence_months, residence, residence_nucleus, detail,
    sum(stock_delta) AS stock
FROM {journal:Identifier}
WHERE recorded_day < {month:Date} AND book != ''
GROUP BY ALL
HAVING stock != 0
