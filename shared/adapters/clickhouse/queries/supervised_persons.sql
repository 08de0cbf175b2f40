-- Distinct people with an open supervision at the close of each day asked, and how many of them are in custody too.
-- A person counts once in each cell that one of the person's supervisions stands in, and once in the total.
WITH
-- @include stock_moments
inside AS ( -- at which closes each of them is in custody
    SELECT
        person AS who,
        arrayCumSum(sumResample(0, {pieces:UInt16}, 1)(stock_delta, dateDiff({unit:String}, {first_day:Date}, piece))) AS stocks,
        arrayFilter((close, stock) -> stock != 0,
-- @include closes
        , stocks) AS closes
    FROM (
        SELECT
-- @include piece
            {first_day:Date} AS piece, -- @when whole
            person,
            stock_delta
        FROM {journal:Identifier}
        WHERE book = 'custody' AND effective_day <= {last_day:Date}
            AND recorded_day >= {base:Date} -- @when from_checkpoint
-- @include known
-- @when from_checkpoint
        UNION ALL
        SELECT
-- @include piece
            {first_day:Date} AS piece, -- @when whole
            person,
            stock_delta
        FROM {checkpoints:Identifier}
        WHERE month = {base:Date} AND held = {held:String} AND book = 'custody' AND effective_day <= {last_day:Date}
-- @end
    )
    WHERE person IN ( -- the others, who are most, need not be added up
        SELECT person FROM {journal:Identifier}
        WHERE book = 'supervision' AND effective_day <= {last_day:Date}
            AND recorded_day >= {base:Date} -- @when from_checkpoint
-- @when from_checkpoint
        UNION ALL
        SELECT person FROM {checkpoints:Identifier}
        WHERE month = {base:Date} AND held = {held:String} AND book = 'supervision'
-- @end
    )
    GROUP BY person
),
-- @include dimensions
SELECT
-- @include keys
    uniqExact(person) AS persons,
    uniqExactIf(person, has(inside.closes, piece)) AS also_in_custody
-- @include located
ANY LEFT JOIN inside ON person_ = inside.who
WHERE value != 0
-- @include filters
-- @include cells
