-- Each fact that changed a flow between two positions, and by how much.
WITH
-- @include flow_moments
-- @include dimensions
-- @include by_fact
