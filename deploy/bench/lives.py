"""What one more fact costs when much is known of a person already: it may grow with the history, not faster."""

from __future__ import annotations

import asyncio
import time

from redis.asyncio import Redis

from deploy.bench.figures import Figure
from deploy.bench.meters import patient_collector
from deploy.bench.rig import Rig
from services.aggregator.folding import fold_batch
from shared.adapters.redis.histories import RedisHistories
from shared.contracts.mapping import Message
from shared.domain.facts import DAY_MS, Fact
from shared.ports import LoggedFact, Position, Record

LENGTHS = (500, 2_000, 8_000)
TIMES = 5
_SITE = "ep-001"
_PROFILE = {"sex": "male", "birth_date": "1980-05-01", "nationality": "PE"}


def history(rig: Rig) -> list[Figure]:
    """CPU to read the history, fold it and state the difference, for a fact that is the last or one told late."""
    rig.start("valkey")
    last = asyncio.run(_costs(rig.environment["SIEP_REDIS"], late=False))
    late = asyncio.run(_costs(rig.environment["SIEP_REDIS"], late=True))
    return [*_figures("the last", last), *_figures("a late one", late)]


def _figures(which: str, costs: dict[int, float]) -> list[Figure]:
    explained = (Figure(f"  after {length:,} facts of the person", cost, "ms") for length, cost in costs.items())
    return [growth_of(costs, which), *explained]


def growth_of(costs: dict[int, float], which: str = "") -> Figure:
    """How much more a fact costs after the longest history than after the one before, beside how much longer it is."""
    *_, shorter, longest = LENGTHS
    name = f"one more fact, {which}: after {longest:,} / after {shorter:,}"
    return Figure(name, costs[longest] / costs[shorter], "×", longest / shorter)


async def _costs(redis_url: str, *, late: bool) -> dict[int, float]:
    """Milliseconds for one more fact, by how many are known."""
    redis = Redis.from_url(redis_url)
    try:
        histories = RedisHistories(redis, f"bench_late_{late}")
        with patient_collector():
            return {length: await _cost(histories, length, late=late) for length in LENGTHS}
    finally:
        await redis.aclose()


async def _cost(histories: RedisHistories, length: int, *, late: bool) -> float:
    subject = f"k1:{length:064x}"
    partition = LENGTHS.index(length)
    told = [LoggedFact(number, subject, fact(number)) for number in range(length)]
    await histories.add(partition, 0, length, told)
    more = fact(length, before=length // 2 if late else 0)
    message = Message(more.source, more.id, subject, f"siep.{more.kind}.v1", more)
    return min([await _once(histories, partition, length, message) for _ in range(TIMES)]) * 1_000


async def _once(histories: RedisHistories, partition: int, length: int, message: Message) -> float:
    began = time.process_time()
    known = await histories.read(partition, [message.subject])
    fold_batch([(Record(length, 0, b""), message)], known.histories, Position(length, length, 0))
    return time.process_time() - began


def fact(number: int, before: int = 0) -> Fact:
    """The numbered fact of somebody who comes and goes day by day; `before` days earlier it is told late."""
    at_ms = (number - before) * DAY_MS + bool(before)
    if number % 2:
        return Fact(_SITE, f"f{number}", "release", at_ms, {"establishment": _SITE, "liberty_type": "libertad-simple"})
    entry = {"establishment": _SITE, "motive": "prision-preventiva", "profile": _PROFILE, "cases": []}
    return Fact(_SITE, f"f{number}", "admission", at_ms, entry)
