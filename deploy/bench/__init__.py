"""`make bench`: what the system costs, beside the budgets that it is built to (docs/performance.md).

Costs are CPU time of the process that does the work, per fact or request; a time on the wall is measured only where the
promise is one. Everything runs on a stack of its own, which is ended and deleted whatever happens.
"""
