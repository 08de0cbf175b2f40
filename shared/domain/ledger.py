"""The ledger: double-entry bookkeeping of people. Every published number is a sum over its entries.

`entries` states a timeline as signed entries; `difference` is what a new fact changed: retractions of what is no longer
true and statements of what is true now. Nothing is ever netted across facts.

Attributes are those at the close of the Lima day: a flow in carries them, a change within a day shows as one
reclassification, and a flow out carries those just before it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

from shared.domain import anomalies
from shared.domain.anomalies import Anomaly
from shared.domain.attributes import NOBODY, Attributes
from shared.domain.custody import Spell, Standing
from shared.domain.facts import lima_day

FLOWS = frozenset(
    {"admission", "recapture", "release", "death", "escape", "transfer_in", "transfer_out", "start", "end"}
)
"""Causes that are movements. An opening, a correction and a reclassification change the stock and are none."""


class Entry(NamedTuple):
    """One signed line: at `effective_ms`, in this book and cell, the stock and the flow changed by so much."""

    book: str
    cause: str
    effective_ms: int
    establishment: str
    counterparty: str
    stock_delta: int
    flow_delta: int
    attributes: Attributes
    liberty_type: str
    motive: str
    detail: str

    def retracted(self) -> Entry:
        """The entry that takes this one back."""
        return self._replace(stock_delta=-self.stock_delta, flow_delta=-self.flow_delta)


def entries(spells: Iterable[Spell]) -> list[Entry]:
    """The statements of these spells, in the order of the spells and of time within each."""
    return [entry for spell in spells for entry in _of_spell(spell)]


def entries_of_anomalies(found: Iterable[Anomaly]) -> list[Entry]:
    """One statement each; `detail` reads kind|source|id of the fact that contradicts."""
    return [
        Entry(
            anomalies.BOOK,
            anomalies.CAUSE,
            one.at_ms,
            one.establishment,
            one.other,
            1,
            0,
            NOBODY,
            "",
            "",
            "|".join(one[:3]),
        )
        for one in found
    ]


def difference(before: list[Entry], after: list[Entry]) -> list[Entry]:
    """What turns the statements `before` into `after`: first retractions, then statements, each in its own order.

    Linear in the two lists. Appending it to a ledger whose sum is `before` makes the sum `after`.
    """
    start = 0
    for old, new in zip(before, after, strict=False):
        if old is not new and old != new:
            break
        start += 1
    gone, come = before[start:], after[start:]
    if not gone:
        return come
    surplus = Counter(gone)
    surplus.subtract(come)
    return [*_retractions(gone, surplus), *_statements(come, surplus)]


def _retractions(gone: list[Entry], surplus: Counter[Entry]) -> Iterator[Entry]:
    for entry in gone:
        if surplus[entry] > 0:
            surplus[entry] -= 1
            yield entry.retracted()


def _statements(come: list[Entry], surplus: Counter[Entry]) -> Iterator[Entry]:
    for entry in come:
        if surplus[entry] < 0:
            surplus[entry] += 1
            yield entry


def _of_spell(spell: Spell) -> Iterator[Entry]:
    standings = spell.standings
    if len(standings) > 1:
        standings = _at_close_of_day(standings)
    first, last = standings[0], standings[-1]
    with_ = spell.opened_with
    yield _entry(spell, spell.opened_cause, spell.opened_ms, 1, first, with_)
    for old, new in pairwise(standings):
        yield _entry(spell, "reclassification", new.at_ms, -1, old, {})
        yield _entry(spell, "reclassification", new.at_ms, 1, new, {})
    if spell.closed_ms is not None:
        yield _entry(spell, spell.closed_cause, spell.closed_ms, -1, last, spell.closed_with)


def _entry(spell: Spell, cause: str, at_ms: int, stock: int, standing: Standing, said: dict[str, str]) -> Entry:
    return Entry(
        spell.book,
        cause,
        at_ms,
        spell.place,
        said.get("counterparty", ""),
        stock,
        1 if cause in FLOWS else 0,
        standing.attributes,
        said.get("liberty_type", ""),
        said.get("motive", ""),
        standing.detail,
    )


def _at_close_of_day(standings: list[Standing]) -> list[Standing]:
    """The last standing of each Lima day, without those that change nothing."""
    closing: list[Standing] = []
    for standing in standings:
        if closing and lima_day(closing[-1].at_ms) == lima_day(standing.at_ms):
            closing.pop()
        closing.append(standing)
    kept = closing[:1]
    for standing in closing[1:]:
        if standing[1:] != kept[-1][1:]:
            kept.append(standing)
    return kept
