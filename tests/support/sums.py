"""What a ledger adds up to, in the words of the reference count."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from shared.domain import anomalies
from shared.domain.facts import Fact, lima_day
from shared.domain.ledger import Entry
from shared.domain.reference import Cell, Flow


def first_of_each(facts: Iterable[Fact]) -> list[Fact]:
    """The first fact of a (source, id) holds."""
    firsts: dict[tuple[str, str], Fact] = {}
    for fact in facts:
        firsts.setdefault((fact.source, fact.id), fact)
    return list(firsts.values())


def stock_of(ledger: Iterable[Entry], day: int) -> dict[Cell, int]:
    """Who is counted where at the close of a day."""
    total: Counter[Cell] = Counter()
    for entry in ledger:
        if lima_day(entry.effective_ms) <= day and entry.book != anomalies.BOOK:
            total[Cell(entry.book, entry.establishment, entry.attributes, entry.detail)] += entry.stock_delta
    return {cell: count for cell, count in total.items() if count}


def flows_of(ledger: Iterable[Entry]) -> dict[Flow, int]:
    """Every movement."""
    total: Counter[Flow] = Counter()
    for entry in ledger:
        cell = Cell(entry.book, entry.establishment, entry.attributes, entry.detail)
        day, said = lima_day(entry.effective_ms), (entry.counterparty, entry.liberty_type, entry.motive)
        total[Flow(day, entry.cause, cell, *said)] += entry.flow_delta
    return {flow: count for flow, count in total.items() if count}
