"""The fold of reference facts: establishments, capacities, residents and headcounts become signed dated entries.

All facts about one establishment share a subject, so its capacity at a day is the sum of the book `capacity` up to that
day, as known then; the same holds for how it stood (book `establishment`) and for the residents of a place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

from shared.domain.attributes import NOBODY
from shared.domain.facts import Fact, in_force
from shared.domain.headcounts import entries_of_headcount
from shared.domain.ledger import Entry


def entries_of_reference(facts: Iterable[Fact]) -> list[Entry]:
    """The statements of the reference facts of one subject, by book and then by time."""
    standing = in_force(facts)
    stated = [entry for kind, (book, cell) in _BOOKS.items() for entry in _of_kind(standing, kind, book, cell)]
    counted = [entry for fact in standing if fact.kind == "headcount" for entry in entries_of_headcount(fact)]
    return [*stated, *counted]


def _of_kind(facts: list[Fact], kind: str, book: str, cell: Callable[[Mapping[str, Any]], _Cell]) -> list[Entry]:
    said = sorted((fact for fact in facts if fact.kind == kind), key=lambda fact: cell(fact.data)[0])
    return [
        entry
        for place, facts_of_place in groupby(said, key=lambda fact: cell(fact.data)[0])
        for entry in _steps(book, place, [(fact.at_ms, *cell(fact.data)[1:]) for fact in facts_of_place])
    ]


_Cell = tuple[str, str, int]
"""Place, detail, amount."""


def _steps(book: str, place: str, values: list[tuple[int, str, int]]) -> list[Entry]:
    """Each value replaces the one before it: the old one leaves, the new one comes."""
    steps: list[Entry] = []
    old_detail, old_amount = "", 0
    for at_ms, detail, amount in values:
        cause = "reclassification" if old_amount and amount else ("start" if amount else "end")
        if (detail, amount) != (old_detail, old_amount):
            steps += [
                Entry(book, cause, at_ms, place, "", change, 0, NOBODY, "", "", text)
                for text, change in ((old_detail, -old_amount), (detail, amount))
                if change
            ]
        old_detail, old_amount = detail, amount
    return steps


def _establishment(data: Mapping[str, Any]) -> _Cell:
    detail = "|".join((data["office"], data["place"], data["houses"], data["name"]))
    return data["establishment"], detail, int(data.get("open", True))


def _capacity(data: Mapping[str, Any]) -> _Cell:
    return data["establishment"], "", data["places"]


def _residents(data: Mapping[str, Any]) -> _Cell:
    return data["place"], f"{data['vintage']}|{data['origin']}", data["population"]


_BOOKS: dict[str, tuple[str, Callable[[Mapping[str, Any]], _Cell]]] = {
    "establishment": ("establishment", _establishment),
    "capacity": ("capacity", _capacity),
    "population_reference": ("residents", _residents),
}
REFERENCE_KINDS = frozenset({*_BOOKS, "headcount", "period_close"})
"""Facts keyed by an establishment or by `inpe`. Closes make no entries."""
