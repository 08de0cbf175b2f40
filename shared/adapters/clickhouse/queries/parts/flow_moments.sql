-- moments: the movements of each raw cell in each piece of the period, on their own day where that matters.
moments AS (
    SELECT
-- @include raw
        counterparty AS counterparty_, -- @when reads_counterparty
-- @include piece
        {first_day:Date} AS piece, -- @when whole
        effective_day AS day, -- @when own_day
        cause AS cause_,
        sum(flow_delta) AS flow
    FROM {journal:Identifier}
    WHERE book = {book:String}
        AND cause IN {causes:Array(String)}
        AND effective_day >= {first_day:Date}
        AND effective_day <= {last_day:Date}
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
-- @include projected
),
if(has({minus:Array(String)}, toString(cause_)), -flow, flow) AS value,
moments.day AS age_day, -- @when reads_birth_month
