"""Whether anything is under way: to ingest, to the journal, or between partitions about merged persons."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from deploy.demo.loading import log_standing
from services.aggregator.courier import owed_for
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.topics import MERGED_PARTITION, PARTITIONS
from shared.ports import LogError
from shared.runtime.settings import Settings


async def settled(kafka: str, settings: Settings, counted: Callable[[], Awaitable[int]]) -> bool:
    """Whether all that was pushed is in the log, all records of the log are counted, and nothing is owed.

    The log must not have grown meanwhile: while it grows, what is owed is not looked at in one moment, and a partition
    may come to owe something just after it was asked.
    """
    try:
        before = await log_standing(kafka)
        if not before.complete or await counted() != before.records or await _something_is_owed(settings):
            return False
        return (await log_standing(kafka)).records == before.records
    except LogError:
        return False


async def _something_is_owed(settings: Settings) -> bool:
    """Whether the table of a partition has what another one's lacks."""
    async with await connect_async(settings) as client:
        journal = ClickHouseJournal(client)
        for number in set(range(PARTITIONS)) - {MERGED_PARTITION}:
            told = {owed.told for row in await journal.moved(number, 0) for owed in owed_for(number, row)}
            if told and told - await journal.told_by(number, {one.partition for one in told}):
                return True
    return False
