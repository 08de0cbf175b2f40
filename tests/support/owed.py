"""What partitions have yet to tell each other about merged persons."""

from __future__ import annotations

from services.aggregator.courier import owed_for
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.topics import MERGED_PARTITION, PARTITIONS
from shared.runtime.settings import Settings


async def something_is_owed(settings: Settings) -> bool:
    """Whether the table of a partition has what another one's lacks."""
    async with await connect_async(settings) as client:
        journal = ClickHouseJournal(client)
        for number in set(range(PARTITIONS)) - {MERGED_PARTITION}:
            told = {owed.told for row in await journal.moved(number, 0) for owed in owed_for(number, row)}
            if told and told - await journal.told_by(number, {one.partition for one in told}):
                return True
    return False
