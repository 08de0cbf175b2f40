-- Up to four dimensions; a key that is not asked is a constant, which costs less to plan than a name.
toString({d1:Identifier}) AS k1, -- @when key_1
'' AS k1, -- @when no_key_1
toString({d2:Identifier}) AS k2, -- @when key_2
'' AS k2, -- @when no_key_2
toString({d3:Identifier}) AS k3, -- @when key_3
'' AS k3, -- @when no_key_3
toString({d4:Identifier}) AS k4, -- @when key_4
'' AS k4, -- @when no_key_4
piece,
0 AS level, -- @when cells
grouping(k1) AS level, -- @when cells_of_persons
1 AS level, -- @when total_alone
