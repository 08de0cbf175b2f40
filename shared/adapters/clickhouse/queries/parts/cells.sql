GROUP BY ALL -- @when cells
GROUP BY GROUPING SETS ((k1, k2, k3, k4, piece), (piece)) -- @when cells_of_persons
GROUP BY ALL -- @when total_alone
