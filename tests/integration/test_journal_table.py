"""What only the real table can show: one part for each batch, both months of a midnight, projections that are used."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from services.aggregator.handlers import Partition, PartitionStoppedError
from services.aggregator.verify import MemoryHistories
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.queries import statement
from shared.ports import Position
from shared.runtime.settings import Settings
from tests.contract.test_journal import admission, batch
from tests.support.logs import APPENDED_MS, records

BEGINNING = Position(0, 0, 0)
ACTIVE_PARTS = "SELECT count() FROM system.parts WHERE database = currentDatabase() AND table = 'journal_3' AND active"


@pytest.fixture
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    client = await connect_async(clickhouse_settings)
    await client.command("TRUNCATE TABLE journal_3")
    yield client
    await client.close()


async def test_a_batch_is_one_part(client: AsyncClient) -> None:
    await ClickHouseJournal(client).append(3, 0, 0, batch(20_000))
    assert await client.command(ACTIVE_PARTS) == 1


@pytest.mark.parametrize(
    ("midnight", "splits"),
    [
        (datetime(2026, 1, 1, 5, tzinfo=UTC), True),  # midnight in Lima
        (datetime(2026, 1, 1, 0, tzinfo=UTC), False),  # midnight in Greenwich is still last year in Lima
    ],
)
async def test_a_batch_ends_where_the_recorded_year_does(client: AsyncClient, midnight: datetime, splits: bool) -> None:
    appended_ms = int(midnight.timestamp() * 1000) - 2_000
    log = records((admission(n) for n in range(4)), appended_ms=appended_ms)
    partition = Partition(3, ClickHouseJournal(client), MemoryHistories())
    position = await partition.consume(log, await partition.take_over(), appended_ms + 60_000)
    assert position.next_offset == (2 if splits else 4)
    position = await partition.consume(log, position, appended_ms + 60_000)
    assert position.next_offset == 4
    assert await client.command("SELECT uniqExact(_partition_id) FROM journal_3") == (2 if splits else 1)


async def test_the_position_is_read_from_its_projection(client: AsyncClient) -> None:
    await ClickHouseJournal(client).append(3, 0, 0, batch(5))
    plan = await client.query(f"EXPLAIN {statement('position')}", {"journal": "journal_3", "partition": 3})
    assert any("(position)" in row[0] for row in plan.result_rows)


async def test_a_lost_part_stops_the_partition(client: AsyncClient) -> None:
    journal = ClickHouseJournal(client)
    await journal.append(3, 0, 0, batch(5))
    position = await journal.position(3)
    await journal.append(3, 5, 0, batch(5, position))
    await client.command("ALTER TABLE journal_3 DELETE WHERE offset < 5 SETTINGS mutations_sync = 1")
    with pytest.raises(PartitionStoppedError, match="lacks \\[5\\] fact rows"):
        await Partition(3, journal, MemoryHistories()).take_over()


async def test_another_topic_is_not_taken_for_the_journals_own(client: AsyncClient) -> None:
    journal = ClickHouseJournal(client)
    await journal.append(3, 0, 0, batch(5))
    partition = Partition(3, journal, MemoryHistories())
    same, other = records([admission(0)])[0], records([admission(7)])[0]
    await partition.same_log(same)
    for recreated in (other, None):
        with pytest.raises(PartitionStoppedError, match="recreated"):
            await partition.same_log(recreated)


async def test_a_record_from_the_future_stops_the_partition(client: AsyncClient) -> None:
    partition = Partition(3, ClickHouseJournal(client), MemoryHistories())
    with pytest.raises(PartitionStoppedError, match="clocks"):
        await partition.consume(records([admission(0)]), BEGINNING, APPENDED_MS - 6 * 60_000)
