"""The aggregator's protocol in simulated time: the real handlers between a log, a journal and a cache in memory.

One seed is one run: a log, owners that nobody fences, and everything that may befall them, one step after the other.
Whatever happened, a healthy owner must end with what one undisturbed fold of the log makes. `make simulate` plays as
many as it is told, `make test` a fixed thousand; a run that ends wrong is shortened until nothing can be left out, and
told step by step. What it shows is listed in docs/failures.md.

The handlers await nothing but their ports, so coroutines are carried by hand: no event loop is needed, virtual or not,
and a run takes 3 ms. The libraries that simulate asyncio are months old and want Python 3.12; Hypothesis, which was
used before, shortens as well but plays a sixth as many runs in the same time.
"""
