"""Stand-ins for what handlers need of the outside. Each passes the suite of the real thing in `tests/contract`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from shared.ports import Consumed, JournalError, LoggedFact, Position

Mishap = str
"""What befalls an insert: '' nothing, 'lost' it never arrives, 'late' it lands after others, 'unanswered' it lands but
the answer is an error, 'burnt' it dies between its token and its rows."""


class FakeJournal:
    """The journal table in memory: guarded by the position, deduplicated by tokens, atomic per insert."""

    def __init__(self, mishaps: Callable[[], Mishap] = lambda: "") -> None:
        self.rows: dict[int, list[Consumed]] = {}
        self._tokens: set[tuple[int, int, int]] = set()
        self._late: list[tuple[int, int, int, Sequence[Consumed]]] = []
        self._mishaps = mishaps

    async def position(self, partition: int) -> Position:
        """See shared.ports.Journal."""
        await asyncio.sleep(0)
        return self._position(partition)

    def _position(self, partition: int) -> Position:
        rows = self.rows.get(partition)
        return Position(rows[-1].offset + 1, rows[-1].seq, rows[-1].recorded_at_ms) if rows else Position(0, 0, 0)

    async def missing(self, partition: int) -> int:
        """See shared.ports.Journal."""
        return self._position(partition).seq - len(self.rows.get(partition, ()))

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        """See shared.ports.Journal."""
        mishap = self._mishaps()
        await asyncio.sleep(0)
        self._land_late_ones()
        insert = (partition, next_offset, attempt, consumed)
        if mishap == "late":
            self._late.append(insert)
        if mishap in ("lost", "late"):
            raise JournalError(mishap)
        if mishap == "burnt":
            self._tokens.add(insert[:3])
            return
        if not self._insert(*insert):
            raise JournalError("the partition has moved")
        if mishap == "unanswered":
            raise JournalError(mishap)

    def _land_late_ones(self) -> None:
        late, self._late = self._late, []
        for insert in late:
            self._insert(*insert)

    def _insert(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> bool:
        """The server's part: the guard refuses, a known token is answered well and writes nothing."""
        if self._position(partition).next_offset != next_offset:
            return False
        token = (partition, next_offset, attempt)
        if token not in self._tokens:
            self._tokens.add(token)
            self.rows.setdefault(partition, []).extend(consumed)
        return True

    async def counted_facts(self, partition: int, start: int, end: int) -> list[LoggedFact]:
        """See shared.ports.Journal."""
        await asyncio.sleep(0)
        return [
            LoggedFact(one.offset, one.message.subject, one.message.fact)
            for one in self.rows.get(partition, ())
            if start <= one.offset < end and one.outcome == "counted" and one.message.fact is not None
        ]

    async def payload_at(self, partition: int, offset: int) -> bytes | None:
        """See shared.ports.Journal."""
        return next((one.payload for one in self.rows.get(partition, ()) if one.offset == offset), None)
