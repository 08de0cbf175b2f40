-- named: every row of `moments` (raw columns, `day`, `age_day`, `piece`, `line`, `value`) with all dimensions, derived as of its `day`; the age as of its `age_day`.
named AS (
    SELECT
        moments.piece AS piece,
        moments.day AS day,
        moments.line AS line,
        moments.value AS value,
        moments.counterparty_ AS counterparty,
        splitByChar('|', place.standing) AS standing_,
        splitByChar('|', moments.detail_) AS detail_parts_,
        intDiv(toInt32(toYear(moments.age_day)) * 12 + toMonth(moments.age_day) - 1 - moments.birth_month_, 12) AS age_,
        '' AS nothing,
        moments.establishment_ AS establishment,
        moments.establishment_ AS supervision_unit,
        standing_[1] AS regional_office,
        substring(standing_[2], 1, 2) AS department,
        substring(standing_[2], 1, 4) AS province,
        standing_[2] AS district,
        substring(moments.residence_, 1, 2) AS residence_department,
        substring(moments.residence_, 1, 4) AS residence_province,
        moments.residence_ AS residence_district,
        moments.residence_nucleus_ AS residence_nucleus,
        moments.legal_status_ AS legal_status,
        transform(moments.legal_status_, {status_codes:Array(String)}, {status_printed:Array(String)}, moments.legal_status_)
            AS printed_status,
        moments.sex_ AS sex,
        multiIf(
            moments.birth_month_ = 0, '',
            age_ < 16, '0-15',
            age_ < 18, '16-17',
            age_ < 20, '18-19',
            age_ >= 60, '60+',
            concat(toString(intDiv(age_, 5) * 5), '-', toString(intDiv(age_, 5) * 5 + 4))
        ) AS age_band,
        moments.nationality_ AS nationality,
        multiIf(moments.nationality_ = '', '', moments.nationality_ = 'PE', 'peruvian', 'foreign') AS nationality_group,
        if(moments.attempt_ = 1, concat(moments.offence_, '-t'), moments.offence_) AS offence,
        transform(moments.offence_, {offence_codes:Array(String)}, {offence_generics:Array(String)}, '') AS offence_generic,
        multiIf({u_offence:Bool} AND moments.offence_ = '', '', moments.attempt_ = 1, 'attempted', 'completed') AS attempt,
        moments.schooling_ AS schooling,
        moments.civil_status_ AS civil_status,
        moments.occupation_ AS occupation,
        multiIf(moments.admissions_ = 0, '', moments.admissions_ >= 8, '8+', toString(moments.admissions_)) AS admission_number,
        moments.recidivism_ AS recidivism,
        toInt32(moments.sentence_months_) - 1 AS sentence_,
        multiIf(
            moments.sentence_months_ = 0, '',
            moments.sentence_months_ = 65535, 'life',
            sentence_ < 60, '0-5',
            sentence_ <= 120, '5-10',
            sentence_ <= 180, '10-15',
            sentence_ <= 240, '15-20',
            sentence_ <= 300, '20-25',
            sentence_ <= 360, '25-30',
            sentence_ <= 420, '30-35',
            '35+'
        ) AS sentence_band,
        moments.liberty_type_ AS liberty_type,
        transform(moments.liberty_type_, {liberty_codes:Array(String)}, {liberty_groups:Array(String)}, '') AS liberty_group,
        moments.motive_ AS motive,
        moments.detail_ AS condition,
        detail_parts_[1] AS supervision_service,
        detail_parts_[2] AS supervision_state,
        detail_parts_[3] AS supervision_wrong,
        multiIf(
            moments.birth_month_ = 0, '',
            age_ < 18, '0-17',
            age_ < 25, '18-24',
            age_ >= 50, '50+',
            concat(toString(intDiv(age_, 5) * 5), '-', toString(intDiv(age_, 5) * 5 + 4))
        ) AS supervision_age_band
    FROM moments
    ASOF LEFT JOIN place ON moments.establishment_ = place.code AND moments.day >= place.since
)
