"""Folding again what a partition of the journal holds: are its entries what its facts make? Pure.

The entries of a partition follow from the facts of that partition alone, and are written together with them. So this
holds at every instant, also while a token is on its way to the merged persons: the fact that names it retracts it where
it was, and what has arrived among the merged states it there. Nobody has to be left out. Whether all arrives that one
partition owes another is not asked here: the courier tells that.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from shared.domain.facts import Fact
from shared.domain.history import stated
from shared.domain.ledger import Entry
from shared.domain.merging import connected, remembered, statements


class Held(NamedTuple):
    """What one partition holds of one subject: facts that count in the order of the log, and entries."""

    subject: str
    facts: Sequence[Fact]
    entries: Sequence[Entry]


def is_as_folded(held: Held) -> bool:
    """Whether the entries sum up, in every cell, to what the facts make; not for the partition of merged persons."""
    return _sums(held.entries) == _sums(stated(held.facts))


def merged_as_folded(merged: Iterable[Held]) -> Iterator[tuple[Held, bool]]:
    """The same of tokens among the merged persons, if all are there that merges connect with them."""
    held = {one.subject: one for one in merged}
    facts = defaultdict[str, list[Fact]](list)
    for one in held.values():
        for token, fact in chain.from_iterable(remembered(one.subject, fact) for fact in one.facts):
            facts[token].append(fact)
    waiting = set(held)
    while waiting:
        tokens = connected([waiting.pop()], facts.__getitem__)
        said = statements(tokens, facts.__getitem__)
        waiting -= tokens
        for token in tokens & held.keys():
            yield held[token], _sums(held[token].entries) == _sums(said.get(token, []))


def _sums(entries: Iterable[Entry]) -> tuple[Counter[Entry], Counter[Entry]]:
    """Stock and flow of each cell that these entries name. Counters are equal if they differ by noughts alone."""
    stock, flow = Counter[Entry](), Counter[Entry]()
    for entry in entries:
        cell = entry._replace(stock_delta=0, flow_delta=0)
        stock[cell] += entry.stock_delta
        flow[cell] += entry.flow_delta
    return stock, flow
