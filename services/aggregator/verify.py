"""`make verify`: rebuild the journal from the log beside the living one, and compare row by row.

Everything but the cache of histories is the real thing: the same log, the same fold, the same insert into the same
engine. What differs is told down to the facts. The last line printed is `differences=N`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TextIO

from services.aggregator.handlers import Partition
from shared.adapters.clickhouse.client import AsyncClient, connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.migrate import prepare
from shared.adapters.clickhouse.queries import LEDGER, statement
from shared.adapters.kafka.reader import LogScan, extent
from shared.contracts.topics import FACTS, PARTITIONS
from shared.domain.facts import Fact
from shared.ports import Known, LoggedFact, Position, Record
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings

RECORDS_MAX = 20_000
ROWS_TOLD = 20
"""So many differing rows of a partition are told one by one, with the fact that each is about."""


class MemoryHistories:
    """Histories in this process: what a rebuild needs, and what the store's contract looks like at its plainest."""

    def __init__(self) -> None:
        self._marks: dict[int, int] = {}
        self._facts: dict[tuple[int, str], list[tuple[int, Fact]]] = {}

    async def read(self, partition: int, subjects: Iterable[str]) -> Known:
        """See shared.ports.Histories."""
        histories = {subject: list(self._facts.get((partition, subject), ())) for subject in subjects}
        return Known(self._marks.get(partition, 0), histories)

    async def add(self, partition: int, start: int, end: int, facts: Sequence[LoggedFact]) -> bool:
        """See shared.ports.Histories."""
        if self._marks.get(partition, 0) != start:
            return False
        for offset, subject, fact in facts:
            self._facts.setdefault((partition, subject), []).append((offset, fact))
        self._marks[partition] = end
        return True


def verify(settings: Settings, out: TextIO) -> int:
    """Rebuild and compare; 0 if nothing differs, else 1."""
    differences = asyncio.run(_verify(settings, out))
    print(f"differences={differences}", file=out)
    return 0 if differences == 0 else 1


async def _verify(settings: Settings, out: TextIO) -> int:
    rebuilt_name = f"{settings.clickhouse_database}_rebuilt"
    living = await connect_async(settings)
    try:
        await living.command(statement("drop_database"), {"database": rebuilt_name})
        await asyncio.to_thread(prepare, settings, rebuilt_name)
        rebuilt = await connect_async(settings, database=rebuilt_name)
        try:
            partitions = (_verify_partition(settings, living, rebuilt, number, out) for number in range(PARTITIONS))
            found = await asyncio.gather(*partitions)
        finally:
            await rebuilt.close()
            await living.command(statement("drop_database"), {"database": rebuilt_name})
    finally:
        await living.close()
    return sum(found)


async def _verify_partition(
    settings: Settings, living: AsyncClient, rebuilt: AsyncClient, number: int, out: TextIO
) -> int:
    """Rebuild one partition as far as the living journal goes, and count the rows that only one of the two has."""
    journal = ClickHouseJournal(living)
    end = (await journal.position(number)).next_offset
    first = (await extent(settings.kafka, FACTS.name, number)).first
    await Partition(number, journal, MemoryHistories()).same_log(first)
    if end:
        await _rebuild(settings, Partition(number, ClickHouseJournal(rebuilt), MemoryHistories()), end, out)
    names = {"living": settings.clickhouse_database, "rebuilt": rebuilt.database, "journal": LEDGER}
    compared = {**names, "partition": number, "end": end}
    differences = int((await living.query(statement("differences"), compared)).result_rows[0][0])
    print(f"partition {number}: {end} offsets, {differences} differences", file=out, flush=True)
    if differences:
        answer = await living.query(statement("differing_rows"), compared | {"first": ROWS_TOLD})
        for where, offset, line, said, source, fact_id, fact_type in answer.result_rows:
            place = f"partition {number}: only in the {where} journal, offset {offset} line {line}"
            print(f"{place}: {said}; by {fact_type} {source}/{fact_id}", file=out, flush=True)
    return differences


async def _rebuild(settings: Settings, partition: Partition, end: int, out: TextIO) -> None:
    clock = SystemClock()
    position = Position(0, 0, 0)
    records: list[Record] = []
    async with LogScan(settings.kafka, FACTS.name, partition.number) as scan:
        while position.next_offset < end:
            if not records:
                read = await scan.read(position.next_offset, most=RECORDS_MAX)
                records = [record for record in read if record.offset < end]
            position = await partition.consume(records, position, int(clock.now().timestamp() * 1000))
            records = [record for record in records if record.offset >= position.next_offset]
            print(f"partition {partition.number}: {position.next_offset} of {end}", file=out, flush=True)
