"""From records of one partition to what the journal keeps of them. Pure: the same log makes the same rows for ever."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from shared.contracts.mapping import TICK, Message, decode
from shared.domain.facts import LIMA_OFFSET_MS, Fact
from shared.domain.history import History
from shared.domain.ledger import Entry, difference
from shared.domain.merging import MOVED, TOLD_BY_AGGREGATORS, connected, neighbours, remembered, statements
from shared.ports import Consumed, LoggedFact, Outcome, Position, Record

_KEPT = frozenset({"counted", "copied"})
ROWS_PER_BATCH_MAX = 40_000
"""A batch is cut by the rows it made, so that one insert stays one block of one part."""

FOLDED_PER_BATCH_MAX = 100_000
"""About a second: so long other partitions, and the group's heartbeat, wait. The fact that reaches it is the last."""


class Folded(NamedTuple):
    """What a batch made: rows for the journal, facts for the histories, and where the next one begins.

    `moved` says whether it touched a token that has moved to the merged persons.
    """

    consumed: list[Consumed]
    counted: list[LoggedFact]
    next_offset: int
    moved: bool


def decoded(records: Iterable[Record]) -> list[tuple[Record, Message]]:
    """The records with what they say. Raises UndecodableError: then our own ingest wrote something wrong."""
    return [(record, decode(record.value)) for record in records]


def subjects_of(told: Iterable[tuple[Record, Message]]) -> set[str]:
    """Whose histories are needed to fold these records."""
    return {message.subject for _, message in told if message.fact is not None}


def also_needed(told: Iterable[tuple[Record, Message]], known: Mapping[str, list[tuple[int, Fact]]]) -> set[str]:
    """Whose histories are needed too, to fold these records of merged persons: all whom merges connect to them."""
    names = {token: neighbours([fact for _, fact in facts]) for token, facts in known.items()}
    arriving = {token for _, message in told if message.fact for token, _ in remembered(message.subject, message.fact)}
    return arriving.union(*names.values()) - known.keys()


def fold_batch(
    told: Iterable[tuple[Record, Message]], known: Mapping[str, list[tuple[int, Fact]]], position: Position
) -> Folded:
    """Fold records that begin at `position`, given what was counted before it.

    Stops after the record that fills the batch, and before the first of another recorded year: a batch is one part.
    """
    histories = _Histories(known, position.next_offset)
    consumed: list[Consumed] = []
    seq, recorded_at_ms, rows = position.seq, position.recorded_at_ms, 0
    year_of_batch: int | None = None
    for record, message in told:
        recorded_at_ms = max(recorded_at_ms, record.appended_at_ms, carried_time(message))
        year = recorded_year(recorded_at_ms)
        if year_of_batch not in (None, year):
            break
        year_of_batch = year
        seq += 1
        outcome, made, subjects = histories.take(message)
        consumed.append(Consumed(record.offset, seq, recorded_at_ms, outcome, message, record.value, made, subjects))
        rows += 1 + len(made)
        if rows >= ROWS_PER_BATCH_MAX or histories.folded >= FOLDED_PER_BATCH_MAX:
            break
    next_offset = consumed[-1].offset + 1 if consumed else position.next_offset
    return Folded(consumed, logged_facts(consumed), next_offset, histories.moved)


def logged_facts(consumed: Iterable[Consumed]) -> list[LoggedFact]:
    """What the histories keep of these rows."""
    return [
        LoggedFact(one.offset, subject, fact)
        for one in consumed
        if one.outcome in _KEPT and one.message.fact
        for subject, fact in remembered(one.message.subject, one.message.fact)
    ]


def carried_time(message: Message) -> int:
    """Before this moment nothing that follows from the message was known (ms): when the row it carries was recorded.

    So at no moment asked for a person stands in two partitions, whatever their brokers' clocks say.
    """
    fact = message.fact
    return fact.at_ms if fact is not None and fact.kind in TOLD_BY_AGGREGATORS else 0


def recorded_year(recorded_at_ms: int) -> int:
    """The year in Lima, as the table is partitioned."""
    return datetime.fromtimestamp((recorded_at_ms + LIMA_OFFSET_MS) / 1000, UTC).year


Taken = tuple[Outcome, list[Entry], Sequence[str]]
"""The fate of a message, the entries it made, and whom each is about, if not the subject of the message."""


class _Histories:
    """The histories a batch needs, begun from what was counted before it; a store that is ahead is cut there."""

    def __init__(self, known: Mapping[str, list[tuple[int, Fact]]], before: int) -> None:
        self._known = known
        self._before = before
        self._begun: dict[str, History] = {}
        self._merged: dict[str, list[Fact]] = {}
        self.moved = False
        self.folded = 0

    def take(self, message: Message) -> Taken:
        """The fate of a message, and what it made."""
        fact = message.fact
        if fact is None:
            return ("tick" if message.type == TICK else "quarantined"), [], ()
        if fact.kind == MOVED:
            return self._take_merged(message.subject, fact)
        history = self._begun.get(message.subject)
        if history is None:
            history = self._begun[message.subject] = History(self._before_batch(message.subject))
            self.folded += history.folded
        twin = history.twin(fact)
        if twin is not None:
            return _known_already(fact, twin), [], ()
        folded = history.folded
        made = history.add(fact)
        self.folded += history.folded - folded
        self.moved = self.moved or history.moved
        return ("copied" if fact.kind in TOLD_BY_AGGREGATORS else "counted"), made, ()

    def _take_merged(self, subject: str, fact: Fact) -> Taken:
        """Fold all whom merges connect with the subject, without and with what was moved; state what differs."""
        if any(one.kind == MOVED and one.id == fact.id for one in self._remembered(subject)):
            return "repeated", [], ()
        arriving = remembered(subject, fact)
        tokens = connected((token for token, _ in arriving), self._remembered)
        before = statements(tokens, self._remembered)
        for token, one in arriving:
            self._remembered(token).append(one)
        after = statements(tokens, self._remembered)
        self.folded += 2 * sum(len(self._remembered(token)) for token in tokens)
        people = sorted(before.keys() | after.keys())
        made = [(one, entry) for one in people for entry in difference(before.get(one, []), after.get(one, []))]
        return "copied", [entry for _, entry in made], tuple(one for one, _ in made)

    def _remembered(self, token: str) -> list[Fact]:
        if token not in self._merged:
            self._merged[token] = list(self._before_batch(token))
        return self._merged[token]

    def _before_batch(self, subject: str) -> Iterator[Fact]:
        return (fact for offset, fact in self._known.get(subject, ()) if offset < self._before)


def _known_already(fact: Fact, twin: Fact) -> Outcome:
    if fact.kind in TOLD_BY_AGGREGATORS:
        return "repeated"
    return "duplicate" if twin == fact else "conflict"
