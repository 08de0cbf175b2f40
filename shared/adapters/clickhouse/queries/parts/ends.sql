-- same_unit: whether both ends of the movement lie in the same unit, at the levels that are asked for and within the places that
-- are filtered. For the nation everything does.
splitByChar('|', there.standing) AS there_, -- @when place
true
AND establishment = counterparty -- @when asks_establishment
AND regional_office = there_[1] -- @when asks_regional_office
AND department = substring(there_[2], 1, 2) -- @when asks_department
AND province = substring(there_[2], 1, 4) -- @when asks_province
AND district = there_[2] -- @when asks_district
AND has({only_establishment:Array(String)}, counterparty) -- @when only_establishment
AND has({only_regional_office:Array(String)}, there_[1]) -- @when only_regional_office
AND has({only_department:Array(String)}, substring(there_[2], 1, 2)) -- @when only_department
AND has({only_province:Array(String)}, substring(there_[2], 1, 4)) -- @when only_province
AND has({only_district:Array(String)}, there_[2]) -- @when only_district
AS same_unit,
