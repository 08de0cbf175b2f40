-- moments: the movements of each raw cell in each piece of the period, on their own day where that matters.
raw AS (
    SELECT
-- @include raw
,
        if({u_day:Bool}, effective_day, {first_day:Date}) AS day,
        cause,
-- @include piece
        AS piece,
        sum(flow_delta) AS flow
    FROM {journal:Identifier}
    WHERE book = {book:String}
        AND has({causes:Array(String)}, toString(cause))
        AND effective_day >= {first_day:Date}
        AND effective_day <= {last_day:Date}
        AND
-- @include known
        AND
-- @include raw_filters
    GROUP BY ALL
),
moments AS (
    SELECT
        * EXCEPT (cause, flow),
        day AS age_day,
        toString(cause) AS line,
        if(has({minus:Array(String)}, line), -flow, flow) AS value
    FROM raw
),
