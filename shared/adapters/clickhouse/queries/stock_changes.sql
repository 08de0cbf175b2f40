-- Each fact that changed a stock between two positions, and by how much.
WITH
-- @include stock_moments
-- @include dimensions
-- @include by_fact
