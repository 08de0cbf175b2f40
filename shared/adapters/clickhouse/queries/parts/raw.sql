-- The columns of the ledger that the question needs.
establishment AS establishment_, -- @when reads_establishment
legal_status AS legal_status_, -- @when reads_legal_status
sex AS sex_, -- @when reads_sex
birth_month AS birth_month_, -- @when reads_birth_month
nationality AS nationality_, -- @when reads_nationality
offence AS offence_, -- @when reads_offence
attempt AS attempt_, -- @when reads_attempt
schooling AS schooling_, -- @when reads_schooling
civil_status AS civil_status_, -- @when reads_civil_status
occupation AS occupation_, -- @when reads_occupation
admissions AS admissions_, -- @when reads_admissions
recidivism AS recidivism_, -- @when reads_recidivism
sentence_months AS sentence_months_, -- @when reads_sentence_months
residence AS residence_, -- @when reads_residence
residence_nucleus AS residence_nucleus_, -- @when reads_residence_nucleus
liberty_type AS liberty_type_, -- @when reads_liberty_type
motive AS motive_, -- @when reads_motive
detail AS detail_, -- @when reads_detail
person AS person_, -- @when reads_person
recorded_day AS recorded_day_, -- @when changes
fact_type AS fact_type_, -- @when changes
(partition, offset) AS fact_at_, -- @when changes
