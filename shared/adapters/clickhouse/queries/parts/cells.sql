GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece))
