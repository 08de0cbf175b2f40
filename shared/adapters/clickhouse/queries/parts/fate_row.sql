-- One record of a fact: where it stands, what became of it, and what was wrong with it if it was quarantined.
    toUnixTimestamp64Milli(recorded_at) AS recorded,
    partition,
    offset,
    source,
    fact_id,
    toString(outcome) AS fate,
    if(fate = 'quarantined', JSONExtractString(payload, 'data', 'original_type'), fact_type) AS type,
    if(fate = 'quarantined', JSONExtractString(payload, 'data', 'field'), '') AS field,
    if(fate = 'quarantined', JSONExtractString(payload, 'data', 'code'), '') AS code,
    if(fate = 'quarantined', JSONExtractString(payload, 'data', 'expected'), '') AS expected
