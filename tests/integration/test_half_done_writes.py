"""A write that broke off half-way is made again and counts once: by the real engine, over a line that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence

import pytest

from services.aggregator.handlers import Partition
from services.aggregator.verify import MemoryHistories
from shared.adapters.clickhouse.client import AsyncClient, connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.queries import LEDGER
from shared.domain.facts import DAY_MS, Fact
from shared.ports import Consumed, JournalError, Position
from shared.runtime.settings import Settings
from tests.faults.proxy import Proxy
from tests.support.logs import APPENDED_MS, message, records, token
from tests.support.stack import RunningStack, local_stack

pytestmark = pytest.mark.stack

PEOPLE = 200
NOW_MS = APPENDED_MS + DAY_MS
ENTRY = {"establishment": "ep-001", "motive": "nuevo-ingreso", "declared_admissions": 1, "profile": {}, "cases": []}


@pytest.fixture(scope="module")
def running() -> Iterator[RunningStack]:
    with local_stack("clickhouse") as running:
        yield running


@pytest.fixture(scope="module")
async def proxy(running: RunningStack) -> AsyncIterator[Proxy]:
    proxy = Proxy(running.stack.home.ports()["clickhouse"])
    yield proxy
    await proxy.close()


@pytest.fixture(scope="module")
async def client(running: RunningStack, proxy: Proxy) -> AsyncIterator[AsyncClient]:
    """Reaches the engine through the proxy."""
    through = f"http://127.0.0.1:{await proxy.listen()}"
    client = await connect_async(running.settings(Settings).model_copy(update={"clickhouse": through}))
    yield client
    await client.close()


class Watched(ClickHouseJournal):
    """Tells when an insert failed."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(client)
        self.failed = asyncio.Event()

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        try:
            await super().append(partition, next_offset, attempt, consumed)
        except JournalError:
            self.failed.set()
            raise


@pytest.mark.parametrize(
    ("partition", "how"), [(0, "cut answer"), (1, "cut request"), (2, "half answer"), (3, "no space"), (4, "read only")]
)
async def test_a_half_done_write_that_is_made_again_counts_once(
    client: AsyncClient, proxy: Proxy, partition: int, how: str
) -> None:
    facts = (Fact("ep-001", f"f{number}", "admission", APPENDED_MS, ENTRY) for number in range(PEOPLE))
    log = records(message(fact, token(number)) for number, fact in enumerate(facts))
    journal = Watched(client)
    owner = Partition(partition, journal, MemoryHistories(), retry_seconds=0.05)
    with proxy.breaking(how):
        consuming = asyncio.create_task(owner.consume(log, Position(0, 0, 0), NOW_MS))
        await asyncio.wait_for(journal.failed.wait(), 30)
    assert (await consuming)[:2] == (PEOPLE, PEOPLE)
    again = Partition(partition, journal, MemoryHistories())
    assert (await again.take_over())[:2] == (PEOPLE, PEOPLE)
    assert await _kept(client, partition) == (PEOPLE, PEOPLE, PEOPLE, PEOPLE)


async def _kept(client: AsyncClient, partition: int) -> tuple[int, ...]:
    """Fact rows, different offsets among them, rows of entries, people inside."""
    query = (
        "SELECT countIf(line = 0), uniqExactIf(offset, line = 0), countIf(line > 0), sum(stock_delta) "
        "FROM {journal:Identifier} WHERE partition = {partition:UInt8}"
    )
    (row,) = (await client.query(query, {"journal": LEDGER, "partition": partition})).result_rows
    return tuple(row)
