"""The slow, obviously right count: any figure from the facts alone, by telling them up to the close of a day.

It knows nothing of ledgers, differences or standings, so it can disagree with them: property tests hold the ledger
against it. The rules of the fold it shares; those are held by the tables of `tests/spec`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from shared.domain.anomalies import Anomaly, of_corrections
from shared.domain.attributes import Attributes
from shared.domain.custody import Spell, Timeline, fold
from shared.domain.facts import Fact, in_force, lima_day, order


class Cell(NamedTuple):
    """One person counted once: in this book, at this place, with these attributes and this detail."""

    book: str
    establishment: str
    attributes: Attributes
    detail: str


class Flow(NamedTuple):
    """One movement counted once, on this Lima day, in this cell, by this cause, with what its fact says of it."""

    day: int
    cause: str
    cell: Cell
    counterparty: str
    liberty_type: str
    motive: str


class Stated(NamedTuple):
    """What reference data are about: a place, in this book, with this detail."""

    book: str
    place: str
    detail: str


def stock(people: Iterable[Iterable[Fact]], day: int) -> Counter[Cell]:
    """Who is counted where at the close of `day` (days since 1970 in Lima). One iterable of facts for each person."""
    return Counter(cell for facts in people for cell in _standing_at_close(list(facts), day))


def persons(told: Mapping[str, Sequence[Fact]]) -> dict[str, list[Fact]]:
    """The facts of each person, by the least of its tokens: tokens are joined one merge after the other.

    A merge holds unless the facts of its own token correct it. Of facts with one source and id, told under several
    tokens of a person, the one of the least token holds.
    """
    groups = [{token} for token in {*told, *(other for _, other in _merges(told))}]
    for pair in _merges(told, holding=True):
        joined = set[str]().union(*(group for group in groups if group & set(pair)))
        groups = [*(group for group in groups if not group & joined), joined]
    return {min(group): _of_all(told, group) for group in groups}


def _of_all(told: Mapping[str, Sequence[Fact]], group: Iterable[str]) -> list[Fact]:
    facts: dict[tuple[str, str], Fact] = {}
    for token in sorted(group, reverse=True):
        facts |= {(fact.source, fact.id): fact for fact in told.get(token, ())}
    return list(facts.values())


def _merges(told: Mapping[str, Sequence[Fact]], *, holding: bool = False) -> list[tuple[str, str]]:
    """Pairs of tokens that merges name, or those alone that no correction of their own token takes back."""
    pairs = []
    for token, facts in told.items():
        taken_back = {
            (fact.data["target"]["source"], fact.data["target"]["id"])
            for fact in facts
            if fact.kind in {"amendment", "void"}
        }
        pairs += [
            (token, fact.data["other"])
            for fact in facts
            if fact.kind == "identity_merge" and not (holding and (fact.source, fact.id) in taken_back)
        ]
    return pairs


def contradictions(facts: Sequence[Fact]) -> list[Anomaly]:
    """What contradicts itself in the facts of one person, once all of them are known."""
    return [*fold(facts).anomalies, *of_corrections(facts)]


def flows(people: Iterable[Iterable[Fact]]) -> Counter[Flow]:
    """Every movement the facts tell, with the attributes at the close of its day (in) or just before it (out)."""
    return Counter(flow for facts in people for flow in _movements(list(facts)))


def stated(facts: Iterable[Fact], day: int) -> dict[Stated, int]:
    """Amounts that reference facts state for the close of `day`: of each place and book, what was told last."""
    last: dict[tuple[str, str], tuple[str, int]] = {}
    for fact in sorted(facts, key=order):
        if lima_day(fact.at_ms) <= day:
            book, place, detail, amount = _statement(fact)
            last[book, place] = detail, amount
    return {Stated(book, place, detail): amount for (book, place), (detail, amount) in last.items() if amount}


def _statement(fact: Fact) -> tuple[str, str, str, int]:
    data = fact.data
    if fact.kind == "capacity":
        return "capacity", data["establishment"], "", data["places"]
    if fact.kind == "population_reference":
        return "residents", data["place"], f"{data['vintage']}|{data['origin']}", data["population"]
    assert fact.kind == "establishment", f"{fact.kind} states nothing"
    stands = "|".join((data["office"], data["place"], data["houses"], data["name"]))
    return "establishment", data["establishment"], stands, int(data.get("open", True))


def _standing_at_close(facts: list[Fact], day: int) -> Iterator[Cell]:
    for spell in _told(facts, day).spells:
        if spell.closed_ms is None:
            yield _cell(spell)


def _told(facts: list[Fact], day: int) -> Timeline:
    return fold(fact for fact in in_force(facts) if lima_day(fact.at_ms) <= day)


def _cell(spell: Spell) -> Cell:
    last = spell.standings[-1]
    return Cell(spell.book, spell.place, last.attributes, last.detail)


_MOVEMENTS = {"admission", "recapture", "release", "death", "escape", "transfer_in", "transfer_out", "start", "end"}


def _movements(facts: list[Fact]) -> Iterator[Flow]:
    """Tell one fact more each time, and see which spells it opened or closed."""
    told = sorted(in_force(facts), key=order)
    for count, fact in enumerate(told, start=1):
        before, after = fold(told[: count - 1]).spells, fold(told[:count]).spells
        day = lima_day(fact.at_ms)
        for index, spell in enumerate(after):
            if index >= len(before) and spell.opened_cause in _MOVEMENTS:
                yield _flow(day, spell.opened_cause, _cell_at_close(told, day, index), spell.opened_with)
            was_open = index >= len(before) or before[index].closed_ms is None
            if was_open and spell.closed_ms is not None and spell.closed_cause in _MOVEMENTS:
                yield _flow(day, spell.closed_cause, _cell(spell), spell.closed_with)


def _flow(day: int, cause: str, cell: Cell, said: Mapping[str, str]) -> Flow:
    counterparty, liberty_type, motive = (said.get(name, "") for name in ("counterparty", "liberty_type", "motive"))
    return Flow(day, cause, cell, counterparty, liberty_type, motive)


def _cell_at_close(told: list[Fact], day: int, index: int) -> Cell:
    return _cell(fold(fact for fact in told if lima_day(fact.at_ms) <= day).spells[index])
