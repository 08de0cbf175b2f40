-- What changed a stock between two positions: by the day on which it was recorded and the type of the facts that did it.
WITH
-- @include stock_moments
-- @include dimensions
-- @include changes
