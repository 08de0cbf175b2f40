-- moments: the stock of each raw cell at the close of each piece of the period: what was recorded before a checkpoint, if there
-- is one, and what was recorded since. To plan a table costs more than to read it, so there is one of each.
-- Closes of a series may rest on a checkpoint each (`months`; `base` is the last, for its own close and all after it). Then a sum
-- counts from its piece up to, not with, the piece of `until`: what a checkpoint holds for its own close alone, and late news from
-- the month that it is about up to the piece in which it was recorded, whose close has it from its own checkpoint.
-- Where it is known how places stood before the checkpoint, the statement fails if any establishment was told of since. What it
-- fails by is said whole (book, day, since): the engine may look at that before it looks at the conditions beside it.
moments AS ( -- @when at_once
raw AS ( -- @when series
    SELECT
-- @include raw
-- @include piece
        {last_day:Date} AS piece, -- @when at_once
        {first_day:Date} AS piece, -- @when one_piece
        toDate(65535) AS until, -- @when own_checkpoints
        {last_day:Date} AS day, -- @when dated
        book AS line, -- @when crowding
        sum(stock_delta) AS value
    FROM {journal:Identifier}
    WHERE (
        book = {book:String}
        OR book = {other_book:String} -- @when two_books
        OR book = 'establishment' -- @when places_known
    )
        AND effective_day <= {last_day:Date}
        AND recorded_day >= {base:Date} -- @when from_checkpoint
        AND NOT throwIf(book = 'establishment' AND effective_day <= {last_day:Date} AND recorded_day >= {base:Date}) -- @when places_known
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
        {last_day:Date} AS piece, -- @when at_once
        {first_day:Date} AS piece, -- @when one_piece
        if(held = {held:String}, if(month = {base:Date}, toDate(65535), month), dateTrunc({unit:String}, month - 1)) AS until, -- @when own_checkpoints
        {last_day:Date} AS day, -- @when dated
        book AS line, -- @when crowding
        sum(stock_delta) AS value
    FROM {checkpoints:Identifier}
    FINAL -- @when from_sums
    WHERE (
        book = {book:String}
        OR book = {other_book:String} -- @when two_books
    )
        AND effective_day <= {last_day:Date}
        AND held = {held:String} AND month = {base:Date} -- @when one_base
        AND (held = {held:String} AND month IN {months:Array(Date)} OR held = {late:String} AND month > {opens:Date} AND month <= {base:Date}) -- @when own_checkpoints
        AND until > piece -- @when own_checkpoints
-- @include raw_filters
    GROUP BY ALL
    SETTINGS optimize_move_to_prewhere = 0 -- @when from_sums
-- @end
),
-- @include series
moments.day AS age_day, -- @when reads_birth_month
