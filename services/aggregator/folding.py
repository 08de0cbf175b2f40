"""From records of one partition to what the journal keeps of them. Pure: the same log makes the same rows for ever."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from shared.contracts.mapping import TICK, Message, decode
from shared.domain.facts import LIMA_OFFSET_MS, Fact
from shared.domain.history import History
from shared.domain.ledger import Entry
from shared.ports import Consumed, LoggedFact, Outcome, Position, Record

ROWS_PER_BATCH_MAX = 40_000
"""A batch is cut by the rows it made, so that one insert stays one block of one part."""

FOLDED_PER_BATCH_MAX = 100_000
"""About a second: so long other partitions, and the group's heartbeat, wait. The fact that reaches it is the last."""


class Folded(NamedTuple):
    """What a batch made: rows for the journal, counted facts for the histories, and where the next one begins."""

    consumed: list[Consumed]
    counted: list[LoggedFact]
    next_offset: int


def decoded(records: Iterable[Record]) -> list[tuple[Record, Message]]:
    """The records with what they say. Raises UndecodableError: then our own ingest wrote something wrong."""
    return [(record, decode(record.value)) for record in records]


def subjects_of(told: Iterable[tuple[Record, Message]]) -> set[str]:
    """Whose histories are needed to fold these records."""
    return {message.subject for _, message in told if message.fact is not None}


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
        recorded_at_ms = max(recorded_at_ms, record.appended_at_ms)
        year = recorded_year(recorded_at_ms)
        if year_of_batch not in (None, year):
            break
        year_of_batch = year
        seq += 1
        outcome, made = histories.take(message)
        consumed.append(Consumed(record.offset, seq, recorded_at_ms, outcome, message, record.value, made))
        rows += 1 + len(made)
        if rows >= ROWS_PER_BATCH_MAX or histories.folded >= FOLDED_PER_BATCH_MAX:
            break
    counted = [
        LoggedFact(c.offset, c.message.subject, c.message.fact)
        for c in consumed
        if c.outcome == "counted" and c.message.fact
    ]
    return Folded(consumed, counted, consumed[-1].offset + 1 if consumed else position.next_offset)


def recorded_year(recorded_at_ms: int) -> int:
    """The year in Lima, as the table is partitioned."""
    return datetime.fromtimestamp((recorded_at_ms + LIMA_OFFSET_MS) / 1000, UTC).year


class _Histories:
    """The histories a batch needs, begun from what was counted before it; a store that is ahead is cut there."""

    def __init__(self, known: Mapping[str, list[tuple[int, Fact]]], before: int) -> None:
        self._known = known
        self._before = before
        self._begun: dict[str, History] = {}
        self.folded = 0

    def take(self, message: Message) -> tuple[Outcome, list[Entry]]:
        """The fate of a message, and the entries it made."""
        fact = message.fact
        if fact is None:
            return ("tick" if message.type == TICK else "quarantined"), []
        history = self._begun.get(message.subject)
        if history is None:
            history = History(known for offset, known in self._known.get(message.subject, ()) if offset < self._before)
            self._begun[message.subject] = history
            self.folded += history.folded
        twin = history.twin(fact)
        if twin is not None:
            return ("duplicate" if twin == fact else "conflict"), []
        before = history.folded
        made = history.add(fact)
        self.folded += history.folded - before
        return "counted", made
