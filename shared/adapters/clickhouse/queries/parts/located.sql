FROM moments
ASOF LEFT JOIN place ON establishment_ = place.code AND moments.day >= place.since -- @when place
