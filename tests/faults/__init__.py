"""`make faults ROUNDS=20 SEED=1`: kills, stalls and cuts things while facts come in, then holds the count to account.

The plan of a round, its faults and its load, is a pure function of (seed, round), so what fails can be played again.
After each round everything is healed; once nothing is under way any more, the ledger must be that of one fold of every
fact that was accepted, each of them counted once, and a file must be the same when it is made again.
"""
