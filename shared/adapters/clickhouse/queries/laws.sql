-- How often each law of the ledger is broken, with one case, as read from one snapshot.
SELECT
    [
        (
            'no_negative_cell',
            (
                SELECT (countIf(stock < 0), anyIf(concat(line, ' ', establishment, ' ', toString(day)), stock < 0))
                FROM (
                    SELECT
                        toString(book) AS line, establishment, effective_day AS day,
                        sum(sum(stock_delta)) OVER (
                            PARTITION BY book, establishment, sex, legal_status ORDER BY effective_day
                        ) AS stock
                    FROM {journal:Identifier}
                    WHERE book IN ('custody', 'absence', 'transit', 'health', 'child', 'supervision')
                    GROUP BY book, establishment, sex, legal_status, effective_day
                    SETTINGS preferred_optimize_projection_name = 'by_core'
                )
            )
        ),
        (
            'movements_are_the_change',
            (
                SELECT (countIf(gap != 0), anyIf(concat(line, ' ', why, ' ', establishment), gap != 0))
                FROM (
                    SELECT
                        toString(book) AS line, toString(cause) AS why, establishment,
                        sum(stock_delta) - if(why IN ('release', 'death', 'escape', 'transfer_out', 'end'), -1, 1) * sum(flow_delta) AS gap
                    FROM {journal:Identifier}
                    WHERE book IN ('custody', 'absence', 'transit', 'health', 'child', 'supervision')
                        AND cause NOT IN ('opening', 'correction', 'reclassification')
                    GROUP BY book, cause, establishment
                    SETTINGS preferred_optimize_projection_name = 'by_core'
                )
            )
        ),
        (
            'reclassification_is_nil',
            (
                SELECT (countIf(gap != 0), anyIf(concat(line, ' ', establishment), gap != 0))
                FROM (
                    SELECT toString(book) AS line, establishment, sum(stock_delta) AS gap
                    FROM {journal:Identifier}
                    WHERE cause = 'reclassification' AND book IN ('custody', 'absence', 'transit', 'health', 'supervision')
                    GROUP BY book, establishment
                    SETTINGS preferred_optimize_projection_name = 'by_core'
                )
            )
        ),
        (
            'transfers_meet',
            (
                SELECT (countIf(gap != 0), anyIf(concat(line, ' ', origin, ' ', destination), gap != 0))
                FROM (
                    SELECT
                        toString(book) AS line,
                        if(cause = 'transfer_out', establishment, counterparty) AS origin,
                        if(cause = 'transfer_out', counterparty, establishment) AS destination,
                        sum(stock_delta) AS gap
                    FROM {journal:Identifier}
                    WHERE book IN ('custody', 'supervision') AND cause IN ('transfer_in', 'transfer_out')
                    GROUP BY line, origin, destination
                )
            )
        ),
        (
            'persons_are_inside_once',
            (
                SELECT (countIf(wrong), anyIf(concat('partition ', toString(log), ' offset ', toString(last)), wrong))
                FROM (
                    SELECT max(partition) AS log, max(offset) AS last, min(inside) < 0 OR max(inside) > 1 AS wrong
                    FROM (
                        SELECT
                            subject, max(journal.partition) AS partition, max(journal.offset) AS offset,
                            sum(sum(stock_delta)) OVER (PARTITION BY subject ORDER BY effective_at) AS inside
                        FROM {journal:Identifier} AS journal
                        WHERE book = 'custody' AND sipHash64(subject) % {samples:UInt8} = {sample:UInt8}
                        GROUP BY subject, effective_at
                    )
                    GROUP BY subject
                )
            )
        ),
        (
            'no_part_is_missing',
            (
                SELECT (countIf(rows_ != last), anyIf(concat('partition ', toString(partition)), rows_ != last))
                FROM (
                    SELECT partition, countIf(line = 0) AS rows_, max(seq) AS last
                    FROM {journal:Identifier}
                    GROUP BY partition
                    SETTINGS preferred_optimize_projection_name = 'position'
                )
            )
        )
    ] AS verdicts,
-- @include position
