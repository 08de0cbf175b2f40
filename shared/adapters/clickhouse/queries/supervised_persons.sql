-- Distinct people with an open supervision at the close of each day asked, and how many of them are in custody too.
-- A person counts once in each cell that one of the person's supervisions stands in, and once in the total.
WITH
-- @include stock_moments
inside AS (
    SELECT subject, close AS piece
    FROM (
        SELECT
            subject,
            arrayCumSum(sumResample(0, {pieces:UInt16}, 1)(stock_delta, dateDiff({unit:String}, {first_day:Date}, piece))) AS stocks
        FROM (
            SELECT
-- @include piece
                {first_day:Date} AS piece, -- @when whole
                subject,
                stock_delta
            FROM {journal:Identifier}
            WHERE book = 'custody' AND effective_day <= {last_day:Date}
-- @include known
                -- hashes are sifted faster than tokens are added up; whoever passes by chance is nobody supervised all the same
                AND cityHash64(subject) IN (
                    SELECT cityHash64(subject) FROM {journal:Identifier}
                    WHERE book = 'supervision' AND effective_day <= {last_day:Date}
                )
        )
        GROUP BY subject
    )
    ARRAY JOIN stocks AS stock,
-- @include closes
    AS close
    WHERE stock != 0
),
-- @include dimensions
SELECT
-- @include keys
    uniqExact(subject) AS persons,
    uniqExactIf(subject, (subject, piece) IN (SELECT subject, piece FROM inside)) AS also_in_custody
-- @include located
WHERE value != 0
-- @include filters
-- @include cells
