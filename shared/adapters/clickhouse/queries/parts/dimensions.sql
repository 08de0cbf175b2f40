-- The dimensions, out of the raw columns of `moments`: places as of its `day`, ages as of `age_day`.
-- Where it is known how places stood (`places_known`), the establishment stands for what it lies in; the answer is put together by that.
-- @when place
-- @include place
-- @end
person_ AS person, -- @when reads_person
recorded_day_ AS recorded_day, -- @when changes
fact_type_ AS fact_type, -- @when changes
fact_at_ AS fact_at, -- @when changes
counterparty_ AS counterparty, -- @when reads_counterparty
establishment_ AS establishment, -- @when reads_establishment
establishment_ AS supervision_unit, -- @when supervision_unit
-- @when place
splitByChar('|', place.standing) AS standing_,
standing_[1] AS regional_office,
substring(standing_[2], 1, 2) AS department,
substring(standing_[2], 1, 4) AS province,
standing_[2] AS district,
-- @end
-- @when places_known
establishment_ AS regional_office, -- @when regional_office
establishment_ AS department, -- @when department
establishment_ AS province, -- @when province
establishment_ AS district, -- @when district
-- @end
substring(residence_, 1, 2) AS residence_department, -- @when residence_department
substring(residence_, 1, 4) AS residence_province, -- @when residence_province
residence_ AS residence_district, -- @when residence_district
residence_nucleus_ AS residence_nucleus, -- @when residence_nucleus
legal_status_ AS legal_status, -- @when legal_status
-- @when printed_status
transform(legal_status_, {status_codes:Array(String)}, {status_printed:Array(String)}, legal_status_) AS printed_status,
-- @end
sex_ AS sex, -- @when sex
-- @when reads_birth_month
intDiv(toInt32(toYear(age_day)) * 12 + toMonth(age_day) - 1 - birth_month_, 12) AS age_,
concat(toString(intDiv(age_, 5) * 5), '-', toString(intDiv(age_, 5) * 5 + 4)) AS five_years_,
-- @end
-- @when age_band
multiIf(
    birth_month_ = 0, '',
    age_ < 16, '0-15',
    age_ < 18, '16-17',
    age_ < 20, '18-19',
    age_ >= 60, '60+',
    five_years_
) AS age_band,
-- @end
-- @when supervision_age_band
multiIf(
    birth_month_ = 0, '',
    age_ < 18, '0-17',
    age_ < 25, '18-24',
    age_ >= 50, '50+',
    five_years_
) AS supervision_age_band,
-- @end
nationality_ AS nationality, -- @when nationality
-- @when nationality_group
multiIf(nationality_ = '', '', nationality_ = 'PE', 'peruvian', 'foreign') AS nationality_group,
-- @end
if(attempt_ = 1, concat(offence_, '-t'), offence_) AS offence, -- @when offence
-- @when offence_generic
transform(offence_, {offence_codes:Array(String)}, {offence_generics:Array(String)}, '') AS offence_generic,
-- @end
multiIf(offence_ = '', '', attempt_ = 1, 'attempted', 'completed') AS attempt, -- @when attempt
schooling_ AS schooling, -- @when schooling
civil_status_ AS civil_status, -- @when civil_status
occupation_ AS occupation, -- @when occupation
-- @when admission_number
multiIf(admissions_ = 0, '', admissions_ >= 8, '8+', toString(admissions_)) AS admission_number,
-- @end
recidivism_ AS recidivism, -- @when recidivism
-- @when sentence_band
toInt32(sentence_months_) - 1 AS sentence_,
multiIf(
    sentence_months_ = 0, '',
    sentence_months_ = 65535, 'life',
    sentence_ < 60, '0-5',
    sentence_ <= 120, '5-10',
    sentence_ <= 180, '10-15',
    sentence_ <= 240, '15-20',
    sentence_ <= 300, '20-25',
    sentence_ <= 360, '25-30',
    sentence_ <= 420, '30-35',
    '35+'
) AS sentence_band,
-- @end
liberty_type_ AS liberty_type, -- @when liberty_type
-- @when liberty_group
transform(liberty_type_, {liberty_codes:Array(String)}, {liberty_groups:Array(String)}, '') AS liberty_group,
-- @end
motive_ AS motive, -- @when motive
detail_ AS condition, -- @when condition
splitByChar('|', detail_)[1] AS supervision_service, -- @when supervision_service
splitByChar('|', detail_)[2] AS supervision_state, -- @when supervision_state
splitByChar('|', detail_)[3] AS supervision_wrong, -- @when supervision_wrong
'' AS nothing
