"""A journal of 10 million rows, beside the living one: what a national system holds after many years.

What is real: the table with its projections, a sample of the simulated country as ingest writes it, and the entries
that the fold makes of it, appended by the journal's own adapter. What is synthetic: the engine multiplies these rows.
Each copy is of other people, and lies a day earlier than the one before, so that its movements make groups of their own
in the projections. A fact is recorded when it says that it happened, so the table has the months of all these years.
Payloads are left out: no figure reads them.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence

from deploy.bench.load import lines, recorded, reference_lines
from deploy.bench.rig import Rig
from services.aggregator.checkpointing import make_due
from services.aggregator.handlers import Partition
from services.aggregator.verify import MemoryHistories
from shared.adapters.clickhouse.checkpoints import ClickHouseCheckpoints
from shared.adapters.clickhouse.client import connect, connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.migrate import prepare
from shared.contracts.topics import PARTITIONS
from shared.ports import Outgoing, Position, Record
from shared.runtime.settings import Settings

ROWS = 10_000_000
SAMPLE_FACTS = 60_000
_SAMPLE, _LARGE = "siep_sample", "siep_large"
_THERE = "SELECT count() FROM system.databases WHERE name = {database:String}"
_MULTIPLY = """
INSERT INTO journal_3
SELECT * EXCEPT (time, said_at, copy, happened_at, place) REPLACE (
    place - 1 AS offset,
    place AS seq,
    happened_at AS recorded_at,
    concat(fact_id, '-', toString(copy)) AS fact_id,
    concat(subject, '-', toString(copy)) AS subject,
    if(line = 0, effective_at, effective_at - toIntervalDay(copy)) AS effective_at
)
FROM (
    SELECT
        *,
        said_at - toIntervalDay(copy) AS happened_at,
        dense_rank() OVER (ORDER BY happened_at, copy, offset) AS place  -- what is recorded later stands later
    FROM (
        SELECT * REPLACE ('' AS payload), parseDateTime64BestEffort(time, 3) AS said_at
        FROM (
            SELECT *, max(JSONExtractString(payload, 'time')) OVER (PARTITION BY offset) AS time
            FROM siep_sample.journal_3
            WHERE partition = {partition:UInt8}
        )
    ) AS sample
    CROSS JOIN (SELECT number AS copy FROM numbers({copies:UInt32})) AS copies
    WHERE copy = 0 OR book NOT IN ('establishment', 'capacity', 'residents')  -- there is one country, with many people
)
"""
_TICK = """
INSERT INTO journal_3 (partition, offset, seq, recorded_at, outcome)
SELECT 8, 0, 1, max(recorded_at), 'tick' FROM journal_3
"""
"""The partition of merged persons, which the sample has none of, hears what time it is: months are over in it too."""
_IN_LARGE_PARTS = {
    "max_partitions_per_insert_block": 0,
    "max_insert_threads": 2,
    "min_insert_block_size_rows": 2_000_000,
    "min_insert_block_size_bytes": 0,
    "max_execution_time": 0,
}


def large(rig: Rig) -> Settings:
    """The settings by which the large journal is read; it is made when it is first asked for."""
    rig.start("clickhouse")
    settings = rig.settings(Settings)
    found = settings.model_copy(update={"clickhouse_database": _LARGE})
    with connect(settings, database="default") as client:
        if client.command(_THERE, {"database": _LARGE}):
            return found
    prepare(settings, _SAMPLE)
    asyncio.run(_write_sample(settings))
    rig.say("a sample of the country is counted")
    _multiply(rig, settings)
    return found


async def _write_sample(settings: Settings) -> None:
    messages = recorded([*reference_lines(), *lines(SAMPLE_FACTS)], bytes(32))
    async with await connect_async(settings, database=_SAMPLE) as client:
        journal = ClickHouseJournal(client)
        for number in range(PARTITIONS):
            await _count(Partition(number, journal, MemoryHistories()), messages)


async def _count(partition: Partition, messages: Sequence[Outgoing]) -> None:
    """Fold and append what is of this partition, as the aggregator does."""
    mine = [one.value for one in messages if one.partition == partition.number]
    records = [Record(offset, 1, value) for offset, value in enumerate(mine)]
    position = Position(0, 0, 0)
    while position.next_offset < len(records):
        position = await partition.consume(records[position.next_offset :], position, 1)


def _multiply(rig: Rig, settings: Settings) -> None:
    prepare(settings, _LARGE)
    with connect(settings, database=_SAMPLE) as client:
        rows = int(str(client.command("SELECT count() FROM journal_3")))
    with connect(settings, database=_LARGE) as client:
        for partition in range(PARTITIONS):
            multiplied = {"copies": math.ceil(ROWS / rows), "partition": partition}
            client.command(_MULTIPLY, multiplied, settings=_IN_LARGE_PARTS)
        rig.say("10 M rows are written")
        client.command("OPTIMIZE TABLE journal_3 FINAL", settings={"max_execution_time": 0})
        rig.say("years that are over are merged to one part each")
        client.command(_TICK)
    asyncio.run(_make_checkpoints(settings))
    rig.say("checkpoints of all months are made")


async def _make_checkpoints(settings: Settings) -> None:
    async with await connect_async(settings, database=_LARGE) as client:
        checkpoints = ClickHouseCheckpoints(client)
        await make_due(checkpoints)
        if await checkpoints.due():
            raise RuntimeError("the checkpoints of the large journal could not be made")
