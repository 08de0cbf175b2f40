"""Stand-ins for what receipts and blocks need of the outside. Each passes the suite of the real thing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import orjson

from shared.contracts.questions import LEDGER_VERSION, LogPosition
from shared.contracts.receipts import (
    MAX_QUARANTINED,
    DaySums,
    FactFate,
    FateRecord,
    Place,
    Quarantine,
    Quarantined,
    Receipts,
    Standing,
)
from shared.contracts.topics import MERGED_PARTITION, PARTITIONS
from shared.ports import BlocksError, Consumed, JournalError, Kept, LogEnds, LogError
from tests.support.fakes import FakeJournal
from tests.support.small_ledger import lima_date


class FakeLogEnds:
    """A log that reaches so far, or does not answer."""

    def __init__(self, ends: tuple[int, ...] | None = (0,) * PARTITIONS) -> None:
        self.reaches = ends

    async def ends(self) -> tuple[int, ...]:
        """See shared.ports.LogEnds."""
        if self.reaches is None:
            raise LogError("no answer")
        return self.reaches


class FakeBlocks:
    """Blocked sources in memory."""

    def __init__(self, limit: int, window: timedelta) -> None:
        self._limit = limit
        self._window = window
        self._counts: Counter[tuple[str, float]] = Counter()
        self._since: dict[str, str] = {}
        self.away = False

    async def count(self, source: str, bad: int, now: datetime) -> bool:
        """See shared.ports.Blocks."""
        self._answer()
        self._counts[source, now.timestamp() // self._window.total_seconds()] += bad
        if (
            source in self._since
            or self._counts[source, now.timestamp() // self._window.total_seconds()] <= self._limit
        ):
            return False
        self._since[source] = now.isoformat()
        return True

    async def blocked(self) -> dict[str, str]:
        """See shared.ports.Blocks."""
        self._answer()
        return dict(self._since)

    async def release(self, source: str, now: datetime) -> bool:
        """See shared.ports.Blocks."""
        self._answer()
        del self._counts[source, now.timestamp() // self._window.total_seconds()]
        return self._since.pop(source, None) is not None

    def _answer(self) -> None:
        if self.away:
            raise BlocksError("no answer")


class FakeReceiptBook:
    """What became of what was sent, by the journal in memory."""

    def __init__(self, journal: FakeJournal, log: LogEnds) -> None:
        self._journal = journal
        self._log = log
        self.away = False

    async def fate(self, fact_id: str, source: str | None) -> FactFate:
        """See shared.ports.ReceiptBook."""
        records = [_record(p, one) for p, one in self._rows(source) if one.message.id == fact_id]
        return FactFate.told(fact_id, records, self._contradictions(fact_id, source), await self._standing())

    def _contradictions(self, fact_id: str, source: str | None) -> list[str]:
        stands: Counter[tuple[str, str]] = Counter()
        for partition in range(PARTITIONS):
            for one in self._journal.rows(partition):
                for entry in one.entries:
                    if entry.book == "anomaly":
                        stands[one.message.subject, entry.detail] += entry.stock_delta
        told = (detail.split("|", 2) for (_, detail), count in stands.items() if count)
        return sorted({kind for kind, who, what in told if what == fact_id and source in (None, who)})

    async def sums(self, first: date, end: date, source: str | None) -> Receipts:
        """See shared.ports.ReceiptBook."""
        by_day: dict[tuple[date, str], Counter[str]] = {}
        for _, one in self._rows(source):
            if first <= lima_date(one.recorded_at_ms) < end:
                key = lima_date(one.recorded_at_ms), one.message.source
                by_day.setdefault(key, Counter())[one.outcome] += 1
        days = [_sums(day, who, by_day[day, who]) for day, who in sorted(by_day)]
        return Receipts(days=days, standing=await self._standing())

    async def quarantine(self, first: date, end: date, source: str | None) -> Quarantine:
        """See shared.ports.ReceiptBook."""
        counted: dict[tuple[str, str], Place] = {}
        for partition, one in self._rows(None):
            if one.outcome == "counted":
                counted.setdefault((one.message.source, one.message.id), _place(partition, one))
        kept = [
            Quarantined(
                **_record(partition, one).model_dump(), resolved_by=counted.get((one.message.source, one.message.id))
            )
            for partition, one in self._rows(source)
            if one.outcome == "quarantined" and first <= lima_date(one.recorded_at_ms) < end
        ]
        return Quarantine(
            messages=kept[:MAX_QUARANTINED],
            left_out=max(0, len(kept) - MAX_QUARANTINED),
            standing=await self._standing(),
        )

    async def kept(self, after: tuple[str, str], most: int) -> list[Kept]:
        """See shared.ports.ReceiptBook."""
        counted = {(one.message.source, one.message.id) for _, one in self._rows(None) if one.outcome == "counted"}
        found: dict[tuple[str, str], Kept] = {}
        for _, one in self._rows(None):
            name = (one.message.source, one.message.id)
            if one.outcome == "quarantined" and "payload" in orjson.loads(one.payload)["data"] and name not in counted:
                found[name] = Kept(*name, one.message.subject, one.payload)
        return [found[name] for name in sorted(found) if name > after][:most]

    async def standing(self) -> Standing:
        """See shared.ports.ReceiptBook."""
        self._rows(None)
        return await self._standing()

    def _rows(self, source: str | None) -> Iterator[tuple[int, Consumed]]:
        if self.away:
            raise JournalError("no answer")
        rows = [(p, one) for p in range(PARTITIONS) if p != MERGED_PARTITION for one in self._journal.rows(p)]
        rows.sort(key=lambda row: (row[1].recorded_at_ms, row[0], row[1].offset))
        return (
            (p, one)
            for p, one in rows
            if one.outcome not in ("tick", "copied", "repeated") and source in (None, one.message.source)
        )

    async def _standing(self) -> Standing:
        known = [self._journal.rows(p) for p in range(PARTITIONS)]
        offsets = tuple(rows[-1].offset + 1 if rows else 0 for rows in known)
        last = max((one.recorded_at_ms for rows in known for one in rows), default=None)
        try:
            waiting = sum(await self._log.ends()) - sum(offsets)
        except LogError:
            waiting = None
        return Standing(
            position=str(LogPosition(LEDGER_VERSION, offsets)),
            recorded_until=None if last is None else datetime.fromtimestamp(last / 1000, UTC),
            missing=sum(offsets) - sum(map(len, known)),
            waiting=waiting,
        )


def _place(partition: int, one: Consumed) -> Place:
    moment = datetime.fromtimestamp(one.recorded_at_ms / 1000, UTC)
    return Place(partition=partition, offset=one.offset, recorded_at=moment)


def _record(partition: int, one: Consumed) -> FateRecord:
    said = orjson.loads(one.payload)["data"] if one.outcome == "quarantined" else {}
    return FateRecord(
        **_place(partition, one).model_dump(),
        source=one.message.source,
        id=one.message.id,
        outcome=one.outcome,
        type=said.get("original_type", one.message.type),
        **{name: said.get(name, "") for name in ("field", "code", "expected")},
    )


def _sums(day: date, source: str, of: Counter[str]) -> DaySums:
    duplicate = of["duplicate"] + of["conflict"]
    return DaySums(
        day=day,
        source=source,
        sent=of.total(),
        counted=of["counted"],
        duplicate=duplicate,
        conflicting=of["conflict"],
        quarantined=of["quarantined"],
        difference=of.total() - of["counted"] - duplicate - of["quarantined"],
    )
