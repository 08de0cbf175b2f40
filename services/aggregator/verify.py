"""`make verify`: rebuild the journal from the log beside the living one, and compare row by row.

Everything but the cache of histories is the real thing: the same log, the same fold, the same insert into the same
engine. The last line printed is `differences=N`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TextIO

from clickhouse_connect.driver.asyncclient import AsyncClient

from services.aggregator.handlers import Partition
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import LEDGER, ClickHouseJournal
from shared.adapters.clickhouse.queries import statement
from shared.adapters.kafka.reader import LogScan, extent
from shared.contracts.topics import FACTS, PARTITIONS
from shared.domain.facts import Fact
from shared.ports import Known, LoggedFact, Position
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings

REBUILT = f"{LEDGER}_rebuilt"
RECORDS_MAX = 20_000


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
    client = await connect_async(settings)
    try:
        await client.command(statement("drop_rebuilt"), {"rebuilt": REBUILT})
        await client.command(statement("rebuild_table"), {"rebuilt": REBUILT, "journal": LEDGER})
        found = [await _verify_partition(settings, client, number, out) for number in range(PARTITIONS)]
        await client.command(statement("drop_rebuilt"), {"rebuilt": REBUILT})
    finally:
        await client.close()
    return sum(found)


async def _verify_partition(settings: Settings, client: AsyncClient, number: int, out: TextIO) -> int:
    """Rebuild one partition as far as the living journal goes, and count the rows that only one of the two has."""
    living = ClickHouseJournal(client)
    end = (await living.position(number)).next_offset
    await Partition(number, living, MemoryHistories()).same_log(
        (await extent(settings.kafka, FACTS.name, number)).first
    )
    await _rebuild(settings, Partition(number, ClickHouseJournal(client, REBUILT), MemoryHistories()), end, out)
    answer = await client.query(
        statement("differences"), {"journal": LEDGER, "rebuilt": REBUILT, "partition": number, "end": end}
    )
    differences, first_offset = answer.result_rows[0]
    where = f", first at offset {first_offset}" if differences else ""
    print(f"partition {number}: {end} offsets, {differences} differences{where}", file=out, flush=True)
    return int(differences)


async def _rebuild(settings: Settings, partition: Partition, end: int, out: TextIO) -> None:
    clock = SystemClock()
    position = Position(0, 0, 0)
    async with LogScan(settings.kafka, FACTS.name, partition.number) as scan:
        while position.next_offset < end:
            records = await scan.read(position.next_offset, most=RECORDS_MAX)
            told = [record for record in records if record.offset < end]
            position = await partition.consume(told, position, int(clock.now().timestamp() * 1000))
            print(f"\rpartition {partition.number}: {position.next_offset} of {end}", end="\r", file=out, flush=True)
