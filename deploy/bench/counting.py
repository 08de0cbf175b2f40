"""What one more fact costs the aggregator: as a whole on its process, and part by part in this one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, cast

from clickhouse_connect.driver.asyncclient import AsyncClient
from redis.asyncio import Redis

from deploy.bench.figures import Figure
from deploy.bench.load import end_of_log, lines, publish, recorded
from deploy.bench.meters import cpu_seconds, patient_collector
from deploy.bench.rig import Rig
from services.aggregator.folding import decoded, fold_batch, subjects_of
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.redis.histories import RedisHistories
from shared.ports import Outgoing, Position, Record

FACTS = 80_000
ROUNDS = 3
RECORDS = 6_000
"""As many as the aggregator folds at a time."""


def aggregator(rig: Rig) -> list[Figure]:
    """CPU per fact of the aggregator's process over a backlog of whole lives; the least of some rounds."""
    rig.start("kafka", "clickhouse", "valkey", "aggregator")
    rig.wait_counted(asyncio.run(end_of_log(rig.environment["SIEP_KAFKA"])))  # what other figures left to be counted
    said = lines(FACTS)
    rounds = []
    for number in range(ROUNDS):
        messages = recorded(said, bytes([number]) * 32)  # other tokens, so other people
        rounds.append(_backlog(rig, messages))
        rig.say(f"aggregator, round {number + 1} of {ROUNDS}: {rounds[-1]:.1f} µs per fact")
    parts = asyncio.run(_parts(rig.environment["SIEP_REDIS"], messages))
    whole = min(rounds)
    parts["Kafka, HTTP, event loop (the rest)"] = whole - sum(parts.values())
    return [
        Figure("aggregator, whole fold, per fact", whole, "µs", 50),
        *(Figure(f"  of it {name}", cost, "µs") for name, cost in parts.items()),
    ]


def _backlog(rig: Rig, messages: Sequence[Outgoing]) -> float:
    """µs per fact to take in this backlog, written while the aggregator stands still."""
    process = rig.processes()["aggregator"]
    kafka = rig.environment["SIEP_KAFKA"]
    process.suspend()
    try:
        asyncio.run(publish(kafka, messages))
        end = asyncio.run(end_of_log(kafka))
        before = cpu_seconds(process)
    finally:
        process.resume()
    rig.wait_counted(end)
    return (cpu_seconds(process) - before) / len(messages) * 1e6


class _Stopwatch:
    """Sums the CPU time of this process by part."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.process_time()

    def start(self) -> None:
        self._at = time.process_time()

    def lap(self, part: str) -> None:
        self.seconds[part] = self.seconds.get(part, 0.0) + time.process_time() - self._at
        self.start()


class _Nowhere:
    """A client whose inserts end here: what is left is the cost of making them."""

    async def command(self, *_: Any, **__: Any) -> None:
        """Take the body and forget it."""


async def _parts(redis_url: str, messages: Sequence[Outgoing]) -> dict[str, float]:
    """µs per fact of each part, over the fullest partition, in batches as the aggregator cuts them."""
    mine = [one for one in messages if one.partition == 0]
    records = [Record(offset, offset, one.value) for offset, one in enumerate(mine)]
    with patient_collector():
        laps = [await _fold_all(redis_url, records, f"bench_{turn}") for turn in range(ROUNDS)]
    return {part: min(lap[part] for lap in laps) / len(records) * 1e6 for part in laps[0]}


async def _fold_all(redis_url: str, records: Sequence[Record], ledger: str) -> dict[str, float]:
    journal = ClickHouseJournal(cast("AsyncClient", _Nowhere()))
    watch = _Stopwatch()
    redis = Redis.from_url(redis_url)
    try:
        histories = RedisHistories(redis, ledger)
        position = Position(0, 0, 0)
        for start in range(0, len(records), RECORDS):
            position = await _one_batch(records[start : start + RECORDS], position, histories, journal, watch)
    finally:
        await redis.aclose()
    return watch.seconds


async def _one_batch(
    records: Sequence[Record],
    position: Position,
    histories: RedisHistories,
    journal: ClickHouseJournal,
    watch: _Stopwatch,
) -> Position:
    watch.start()
    told = decoded(records)
    watch.lap("decode")
    known = await histories.read(0, subjects_of(told))
    watch.lap("read histories")
    folded = fold_batch(told, known.histories, position)
    watch.lap("fold and difference")
    await journal.append(0, position.next_offset, 0, folded.consumed)
    watch.lap("Arrow")
    await histories.add(0, position.next_offset, folded.next_offset, folded.counted)
    watch.lap("add histories")
    return Position(folded.next_offset, folded.consumed[-1].seq, folded.consumed[-1].recorded_at_ms)
