"""What became of what was sent: one SELECT per question, so records and position come from one snapshot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from typing import Any

import orjson
from clickhouse_connect.driver.exceptions import ClickHouseError

from shared.adapters.clickhouse.client import AsyncClient
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.clickhouse.statements import cut
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
from shared.ports import JournalError, Kept, LogEnds, LogError

_SETTINGS: dict[str, Any] = {
    "enable_shared_storage_snapshot_in_query": 1,
    "output_format_json_quote_64bit_integers": 0,
    "max_execution_time": 30,
}
_COLUMNS = ("recorded_at", "partition", "offset", "source", "id", "outcome", "type", "field", "code", "expected")


class ClickHouseReceipts:
    """See shared.ports.ReceiptBook. `connect` is called when the first question is asked, and again if it failed."""

    def __init__(self, connect: Callable[[], Awaitable[AsyncClient]], log: LogEnds, journal: str = LEDGER) -> None:
        self._connect = connect
        self._client: AsyncClient | None = None
        self._opening = asyncio.Lock()
        self._log = log
        self._journal = journal

    async def aclose(self) -> None:
        """Close the connection, if one was opened."""
        if self._client is not None:
            await self._client.close()

    async def fate(self, fact_id: str, source: str | None) -> FactFate:
        """See shared.ports.ReceiptBook."""
        rows, contradictions, *standing = await self._ask("fate", source, fact_id=fact_id)
        records = [FateRecord(**_named(row)) for row in rows]
        return FactFate.told(fact_id, records, contradictions, await self._standing(*standing))

    async def sums(self, first: date, end: date, source: str | None) -> Receipts:
        """See shared.ports.ReceiptBook."""
        found, *standing = await self._ask("receipts", source, first_day=first, end_day=end)
        return Receipts(days=[_day(*row) for row in found], standing=await self._standing(*standing))

    async def quarantine(self, first: date, end: date, source: str | None) -> Quarantine:
        """See shared.ports.ReceiptBook."""
        found, records, *standing = await self._ask(
            "quarantine", source, first_day=first, end_day=end, most=MAX_QUARANTINED
        )
        return Quarantine(
            messages=[Quarantined(**_named(row), resolved_by=_place(*row[-1])) for row in records],
            left_out=found - len(records),
            standing=await self._standing(*standing),
        )

    async def kept(self, after: tuple[str, str], most: int) -> list[Kept]:
        """See shared.ports.ReceiptBook."""
        (page,) = await self._ask("kept", None, after_source=after[0], after_id=after[1], most=most)
        return [Kept(source, fact_id, subject, record.encode()) for source, fact_id, subject, record in page]

    async def standing(self) -> Standing:
        """See shared.ports.ReceiptBook."""
        return await self._standing(*await self._ask("whole", None))

    async def _ask(self, name: str, source: str | None, **parameters: object) -> Any:
        """The one row of an answer. Raises JournalError."""
        asked = {"journal": self._journal, "merged": MERGED_PARTITION, **parameters}
        if source is not None:
            asked["source"] = source
        text = cut(name, frozenset({"known_so_far", "of_one"} if source is not None else {"known_so_far"}))
        try:
            async with self._opening:  # what is asked at once shares one connection
                self._client = self._client or await self._connect()
            said = await self._client.raw_query(text, asked, settings=_SETTINGS, fmt="JSONCompactEachRow")
        except (ClickHouseError, OSError) as error:
            raise JournalError("the journal does not answer") from error
        return orjson.loads(said)

    async def _standing(self, fact_rows: int, position: list[tuple[int, int, int]]) -> Standing:
        """How far the journal had come, and what the log holds beyond: it is asked later, so it is never behind."""
        said = {partition: (next_offset, recorded) for partition, next_offset, recorded in position}
        offsets, recorded = zip(*(said.get(number, (0, 0)) for number in range(PARTITIONS)), strict=True)
        try:
            waiting = sum(await self._log.ends()) - sum(offsets)
        except LogError:
            waiting = None
        return Standing(
            position=str(LogPosition(LEDGER_VERSION, offsets)),
            recorded_until=_moment(max(recorded)) if any(recorded) else None,
            missing=sum(offsets) - fact_rows,
            waiting=waiting,
        )


def _named(row: list[Any]) -> dict[str, Any]:
    return dict(zip(_COLUMNS, [_moment(row[0]), *row[1:]], strict=False))  # a row may go on with what resolved it


def _place(recorded: int, partition: int, offset: int) -> Place | None:
    return Place(partition=partition, offset=offset, recorded_at=_moment(recorded)) if recorded else None


def _day(day: str, source: str, sent: int, counted: int, duplicate: int, conflicting: int, quarantined: int) -> DaySums:
    return DaySums(
        day=date.fromisoformat(day),
        source=source,
        sent=sent,
        counted=counted,
        duplicate=duplicate,
        conflicting=conflicting,
        quarantined=quarantined,
        difference=sent - counted - duplicate - quarantined,
    )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
