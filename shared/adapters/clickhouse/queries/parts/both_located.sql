-- @include located
ASOF LEFT JOIN place AS there ON counterparty_ = there.code AND moments.day >= there.since -- @when place
