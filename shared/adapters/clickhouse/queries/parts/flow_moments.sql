-- moments: the movements of each raw cell in each piece of the period, on their own day where that matters.
raw AS (
    SELECT
-- @include raw
        counterparty AS counterparty_, -- @when reads_counterparty
-- @include piece
        effective_day AS day, -- @when own_day
        {first_day:Date} AS day, -- @when any_day
        cause,
        sum(flow_delta) AS flow
    FROM {journal:Identifier}
    WHERE book = {book:String}
        AND has({causes:Array(String)}, toString(cause))
        AND effective_day >= {first_day:Date}
        AND effective_day <= {last_day:Date}
        AND offset >= {since_next:Array(UInt64)}[partition + 1] -- @when changes
-- @include known
-- @include raw_filters
    GROUP BY ALL
    SETTINGS preferred_optimize_projection_name = 'by_core' -- @when in_core
    SETTINGS preferred_optimize_projection_name = 'by_offence' -- @when in_offence
),
moments AS (
    SELECT
        * EXCEPT (cause, flow),
        day AS age_day,
        toString(cause) AS line,
        if(has({minus:Array(String)}, line), -flow, flow) AS value
    FROM raw
),
