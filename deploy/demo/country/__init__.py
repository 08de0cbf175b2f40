"""A simulated country: invented persons and movements whose stock at the close of 31 January 2026 is INPE's.

Exact, cell by cell, are the 658 numbers that INPE printed for that day (`shared/reference/published/2026-01`): every
prison by legal status and sex, capacity, offence by status and by age, civil status and nationality by sex, foreigners
in five prisons, number of admissions, length of sentence, schooling in three groups. Exact as well is the national
stock at the month ends in `tables.KNOWN_STOCKS`, and the roll of 1 July 2018 by status and by sex.

Everything else is plausible and nothing more: crosses between those tables, countries, the split of "otros", nine
classes of schooling, residence, occupation, who is on trial besides a sentence, all flows and their dates, transfers,
absences, children, tuberculosis, supervision, past capacities. No person in it exists; documents are invented.

How it is made:

1. `persons` builds the table of the 103,717 people, like dealing cards (`dealing`).
2. `flows` says how many people enter and leave each month, and how many of those who entered are still inside.
3. `histories` gives everybody a stay, and adds the stays of those who left before.
4. `events` turns stays into movements; `facts` writes them as messages of contract v1, in the order of arrival.

`facts.generate` gives the messages. The same seed gives the same bytes.
"""
