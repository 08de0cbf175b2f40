-- Departures whose arrival did not come in time, as the book of transits tells them. A person's entries are put in the order
-- in which they were recorded, offset by offset: after each of them somebody is in transit, since the last departure that
-- stands then, or not. Overdue is a departure while that is so and `days` have passed; what was known last is held against
-- the last moment recorded by then. The innermost question leaves out, by sums alone, nearly all who arrived in time. What
-- was told together, with an arrival in time, is not resolved: nobody was missing.
-- A step is (recorded, partition, offset, stock, ((since, origin, destination), flow) of each departure, ends).
        SELECT
            'departed_not_arrived', origin, destination, since, noticed, stands, resolved,
            (first_told.2, first_told.3), (ended.2, ended.3)
        FROM (
            SELECT
                departure.1 AS since, departure.2 AS origin, departure.3 AS destination,
                since + {days:UInt8} * 86400000 AS due,
                arrayEnumerate(steps) AS numbers,
                arrayCumSum(step -> arraySum(start -> start.2 * (start.1 = departure), step.5), steps) AS standing_after,
                arrayMap(
                    (inside, here, later) -> inside = 1 AND here = 1 AND later = 0,
                    arrayCumSum(step -> step.4, steps),
                    standing_after,
                    arrayCumSum(step -> arraySum(start -> start.2 * (start.1.1 > since), step.5), steps)
                ) AS open_after,
                arrayPushBack(
                    arrayPopFront(arrayMap(step -> step.1, steps)),
                    (
                        SELECT toUnixTimestamp64Milli(max(recorded_at)) + 1
                        FROM {journal:Identifier}
                        WHERE true
                            AND book = '' -- @when known_by_position
                            AND book = '' -- @when known_by_time
-- @include known
                    )
                ) AS until,
                arrayFilter(n -> open_after[n] AND greatest(steps[n].1, due) < until[n], numbers) AS overdue,
                greatest(steps[overdue[1]].1, due) AS noticed,
                overdue[-1] = length(steps) AS stands,
                arrayFirst((step, n, open) -> n > overdue[-1] AND NOT open, steps, numbers, open_after) AS ended,
                if(stands, 0, ended.1) AS resolved,
                arrayFirst((step, here) -> here = 1, steps, standing_after) AS first_told
            FROM (
                SELECT arraySort(groupArray((recorded, partition, offset, stock, starts, ends))) AS steps
                FROM (
                    SELECT
                        subject, partition, offset,
                        toUnixTimestamp64Milli(any(recorded_at)) AS recorded,
                        sum(stock_delta) AS stock,
                        groupArrayIf(
                            ((toUnixTimestamp64Milli(effective_at), toString(establishment), toString(counterparty)), flow_delta),
                            cause = 'start'
                        ) AS starts,
                        groupArrayIf(toUnixTimestamp64Milli(effective_at), cause = 'end' AND stock_delta < 0) AS ends
                    FROM {journal:Identifier}
                    WHERE book = 'transit' AND subject IN (
                        SELECT subject
                        FROM {journal:Identifier}
                        WHERE book = 'transit'
-- @include known
                        GROUP BY subject
                        HAVING (sum(stock_delta) > 0 OR max(recorded_at) >= min(effective_at) + toIntervalDay({days:UInt8}))
                            AND ({establishment:String} = '' OR max({establishment:String} IN (establishment, counterparty)))
                    )
-- @include known
                    GROUP BY subject, partition, offset
                )
                GROUP BY subject
            )
            ARRAY JOIN arrayDistinct(arrayFlatten(arrayMap(step -> arrayMap(start -> start.1, step.5), steps))) AS departure
            WHERE notEmpty(overdue) AND ({establishment:String} = '' OR {establishment:String} IN (origin, destination))
        )
        WHERE NOT (arrayExists(end -> end BETWEEN since AND due, ended.6) AND resolved < first_told.1 + {together:UInt32})
