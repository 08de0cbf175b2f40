"""Folds the log of record into the journal, effectively once.

Reads `siep.facts.v1`; writes the journal in ClickHouse and, as a cache of it, histories in Redis. Promises that every
consumed offset leaves exactly one fact row, that figures depend on the log alone, and that killing, doubling or
restarting it at any moment changes none of them (DESIGN §4).
"""
