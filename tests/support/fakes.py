"""Stand-ins for what handlers need of the outside. Each passes the suite of the real thing in `tests/contract`.

None of them fails by itself. They let others run where the real ones do, and have the ways in which a server can lose
what it holds; a test decides when.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from services.aggregator.folding import logged_facts, recorded_year
from services.aggregator.verify import MemoryHistories
from shared.domain.facts import NAMING
from shared.ports import Consumed, JournalError, LoggedFact, Moved, Position, Record, Told

Token = tuple[int, int, int]
"""Of an insert: its partition, where the partition stood, and the number of the attempt."""


class Part(NamedTuple):
    """What one insert wrote."""

    token: Token
    rows: Sequence[Consumed]


class FakeJournal:
    """The journal table in memory: guarded by the position, deduplicated by tokens, atomic per insert."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.tokens: list[Token] = []

    def rows(self, partition: int) -> list[Consumed]:
        """Everything that is kept of a partition, in the order of the log."""
        rows = (row for part in self.parts if part.token[0] == partition for row in part.rows)
        return sorted(rows, key=lambda row: row.offset)

    async def position(self, partition: int) -> Position:
        """See shared.ports.Journal."""
        return self._position(partition)

    def _position(self, partition: int) -> Position:
        rows = self.rows(partition)
        if not rows:
            return Position(0, 0, 0)
        offsets, seqs, times = zip(*(row[:3] for row in rows), strict=True)
        return Position(max(offsets) + 1, max(seqs), max(times))

    async def missing(self, partition: int) -> int:
        """See shared.ports.Journal."""
        return self._position(partition).seq - len(self.rows(partition))

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        """See shared.ports.Journal. Between the guard and the write, another insert may pass its own guard."""
        self.guard(partition, next_offset)
        if len({recorded_year(row.recorded_at_ms) for row in consumed}) > 1:
            raise JournalError("rows of two years would be two parts")
        await asyncio.sleep(0)
        self.write(Part((partition, next_offset, attempt), consumed))

    def guard(self, partition: int, next_offset: int) -> None:
        """What the statement itself refuses."""
        if self._position(partition).next_offset != next_offset:
            raise JournalError("the partition has moved")

    def write(self, part: Part) -> None:
        """The engine's part: an insert with a known token is answered well and writes nothing."""
        if part.token not in self.tokens:
            self.burn(part.token)
            self.parts.append(part)

    def burn(self, token: Token) -> None:
        """The engine dies when it has noted the token of an insert, and nothing else of it."""
        self.tokens.append(token)

    def lose_last(self, count: int, *, with_tokens: bool) -> None:
        """The machine dies before its last writes are on disk: so many parts are gone, perhaps their tokens as well."""
        gone = self.parts[len(self.parts) - count :]
        del self.parts[len(self.parts) - count :]
        if with_tokens:
            self.tokens = [token for token in self.tokens if token not in {part.token for part in gone}]

    async def counted_facts(self, partition: int, start: int, end: int) -> list[LoggedFact]:
        """See shared.ports.Journal."""
        return logged_facts(one for one in self.rows(partition) if start <= one.offset < end)

    async def moved(self, partition: int, start: int) -> list[Moved]:
        """See shared.ports.Journal."""
        named_at: dict[str, int] = {}
        found = []
        for row in self.rows(partition):
            fact, subject = row.message.fact, row.message.subject
            if fact is None or row.outcome not in ("counted", "copied"):
                continue
            if fact.kind in NAMING:
                named_at.setdefault(subject, row.offset)
            if subject in named_at and row.offset >= start:
                other = fact.data["other"] if fact.kind == "identity_merge" else ""
                counted = row.outcome == "counted"
                found.append(Moved(row.offset, subject, row.recorded_at_ms, named_at[subject], counted, other))
        return found

    async def payloads_of(self, partition: int, subjects: Iterable[str]) -> list[tuple[int, str, bytes]]:
        """See shared.ports.Journal."""
        return [
            (row.offset, row.message.subject, row.payload if row.outcome == "counted" else b"")
            for row in self.rows(partition)
            if row.outcome in ("counted", "copied") and row.message.subject in subjects
        ]

    async def told_by(self, partition: int, destinations: Iterable[int]) -> set[Told]:
        """See shared.ports.Journal."""
        return {
            Told(destination, row.message.id)
            for destination in destinations
            for row in self.rows(destination)
            if row.outcome == "copied" and row.message.id.startswith(f"{partition}:")
        }

    async def payload_at(self, partition: int, offset: int) -> bytes | None:
        """See shared.ports.Journal."""
        return next((one.payload for one in self.rows(partition) if one.offset == offset), None)


class FakeHistories(MemoryHistories):
    """The store of histories in memory, which can be copied and so be put back to an older state."""

    def copied(self) -> Self:
        """A store of its own that holds the same."""
        copy = type(self)()
        copy._marks = dict(self._marks)
        copy._facts = {key: list(facts) for key, facts in self._facts.items()}
        return copy


class FakeLog:
    """One partition of the log of record."""

    def __init__(self, records: Sequence[Record]) -> None:
        self._records = records

    async def read(self, start: int, *, most: int) -> list[Record]:
        """At least one and at most so many records from `start` on: there must be one."""
        return list(self._records[start : start + most])
