-- ends: `named`, and whether both ends of the movement lie in the same unit, at the levels that are asked for and within
-- the places that are filtered. For the nation everything does.
ends AS (
    SELECT
        named.*,
        splitByChar('|', there.standing) AS there_,
        (NOT {by_establishment:Bool} OR establishment = counterparty)
        AND (NOT {by_regional_office:Bool} OR regional_office = there_[1])
        AND (NOT {by_department:Bool} OR department = substring(there_[2], 1, 2))
        AND (NOT {by_province:Bool} OR province = substring(there_[2], 1, 4))
        AND (NOT {by_district:Bool} OR district = there_[2])
        AND (empty({f_establishment:Array(String)}) OR has({f_establishment:Array(String)}, counterparty))
        AND (empty({f_regional_office:Array(String)}) OR has({f_regional_office:Array(String)}, there_[1]))
        AND (empty({f_department:Array(String)}) OR has({f_department:Array(String)}, substring(there_[2], 1, 2)))
        AND (empty({f_province:Array(String)}) OR has({f_province:Array(String)}, substring(there_[2], 1, 4)))
        AND (empty({f_district:Array(String)}) OR has({f_district:Array(String)}, there_[2]))
        AS same_unit
    FROM named
    ASOF LEFT JOIN place AS there ON named.counterparty = there.code AND named.day >= there.since
)
