"""The aggregator's protocol in simulated time: the real handlers between a log, a journal and a cache in memory.

One seed is one run: a log, owners that nobody fences, and everything that may befall them, one step after the other.
Whatever happened, a healthy owner must end with what one undisturbed fold of the log makes. `make simulate` plays
runs without end in sight, `make test` a fixed thousand; a run that ends wrong is shortened until nothing can be left
out, and told step by step.
"""
