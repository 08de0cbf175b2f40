-- moments: the stock of each raw cell at the close of each piece of the period: what was recorded before a checkpoint, if there
-- is one, and what was recorded since. To plan a table costs more than to read it, so there is one of each.
moments AS ( -- @when whole
raw AS ( -- @when series
    SELECT
-- @include raw
-- @include piece
        {last_day:Date} AS piece, -- @when whole
        {last_day:Date} AS day,
        book AS line, -- @when crowding
        sum(stock_delta) AS value
    FROM {journal:Identifier}
    WHERE (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
        AND recorded_day >= {base:Date} -- @when from_checkpoint
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
-- @include projected
-- @when from_checkpoint
    UNION ALL
    SELECT
-- @include raw
-- @include piece
        {last_day:Date} AS piece, -- @when whole
        {last_day:Date} AS day,
        book AS line, -- @when crowding
        sum(stock_delta) AS value
    FROM {checkpoints:Identifier} FINAL
    WHERE month = {base:Date}
        AND held = 'core' -- @when in_core
        AND held = 'offence' -- @when in_offence
        AND (book = {book:String} OR book = {other_book:String})
        AND effective_day <= {last_day:Date}
-- @include raw_filters
    GROUP BY ALL
    SETTINGS optimize_move_to_prewhere = 0
-- @end
),
-- @include series
moments.day AS age_day, -- @when reads_birth_month
