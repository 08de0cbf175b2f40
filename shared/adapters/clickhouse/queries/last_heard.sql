-- When each establishment in force at the close of a day was last heard, the longest silent first: never heard is nil.
SELECT groupArray((code, heard)) AS heard_
FROM (
    SELECT open_.code AS code, toUnixTimestamp64Milli(told.latest) AS heard
    FROM (
-- @include in_force
    ) AS open_
    LEFT JOIN (
        SELECT source, max(recorded_at) AS latest
        FROM {journal:Identifier}
        WHERE book = '' AND outcome NOT IN ('tick', 'copied', 'repeated')
-- @include known
        GROUP BY source
    ) AS told ON told.source = open_.code
    ORDER BY heard, code
)
SETTINGS optimize_use_projections = 0
