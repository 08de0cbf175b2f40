-- Filters that the ledger's own columns decide.
AND has({only_establishment:Array(String)}, establishment) -- @when only_establishment
AND has({only_supervision_unit:Array(String)}, establishment) -- @when only_supervision_unit
AND has({only_residence_nucleus:Array(String)}, residence_nucleus) -- @when only_residence_nucleus
AND has({only_residence_district:Array(String)}, residence) -- @when only_residence_district
AND has({only_legal_status:Array(String)}, legal_status) -- @when only_legal_status
AND has({only_sex:Array(String)}, sex) -- @when only_sex
AND has({only_nationality:Array(String)}, nationality) -- @when only_nationality
AND has({only_schooling:Array(String)}, schooling) -- @when only_schooling
AND has({only_civil_status:Array(String)}, civil_status) -- @when only_civil_status
AND has({only_occupation:Array(String)}, occupation) -- @when only_occupation
AND has({only_recidivism:Array(String)}, recidivism) -- @when only_recidivism
AND has({only_liberty_type:Array(String)}, liberty_type) -- @when only_liberty_type
AND has({only_motive:Array(String)}, motive) -- @when only_motive
AND has({only_condition:Array(String)}, detail) -- @when only_condition
