toString({d1:Identifier}) AS k1,
toString({d2:Identifier}) AS k2,
toString({d3:Identifier}) AS k3,
toString({d4:Identifier}) AS k4,
piece,
0 AS level, -- @when cells
grouping(k1) AS level, -- @when cells_of_persons
1 AS level, -- @when total_alone
