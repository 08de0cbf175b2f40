-- What each partition holds of the subjects of a sample, and the merged persons of some tokens too, before a position: its
-- last offset, the messages of the facts that count in the order of the log, and the entries. A line for each.
SELECT
    partition, subject, max(offset) AS last,
    arraySort(groupArrayIf((offset, payload), outcome != 'entry')) AS facts,
    groupArrayIf(
        (
            toString(book), toString(cause), toUnixTimestamp64Milli(effective_at), establishment, counterparty, stock_delta,
            flow_delta,
            (
                legal_status, sex, birth_month, nationality, offence, attempt, schooling, civil_status, occupation, admissions,
                recidivism, sentence_months, residence, residence_nucleus
            ),
            liberty_type, motive, detail
        ),
        outcome = 'entry'
    ) AS entries
FROM {journal:Identifier}
WHERE outcome IN ('entry', 'counted', 'copied')
    AND (sipHash64(subject) % {samples:UInt8} = {sample:UInt8} OR partition = {merged:UInt8} AND subject IN {tokens:Array(String)})
-- @include known
GROUP BY partition, subject
