"""What a few heavy facts cost everybody else in a batch: somebody with thousands of facts, and a day of amendments.

A batch is folded in one go, so what it takes longer is what the partition, and the others of its process, wait longer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from itertools import islice

from redis.asyncio import Redis

from deploy.bench.counting import RECORDS
from deploy.bench.figures import Figure
from deploy.bench.lives import fact
from deploy.bench.load import lines, recorded
from deploy.bench.meters import patient_collector
from deploy.bench.rig import Rig
from services.aggregator.folding import decoded, fold_batch, subjects_of
from shared.adapters.redis.histories import RedisHistories
from shared.contracts.mapping import Message
from shared.domain.facts import Fact
from shared.ports import LoggedFact, Position, Record

Told = list[tuple[Record, Message]]
FACTS = 120_000
LENGTHS = (1_000, 10_000)
TOGETHER = 4
TIMES = 5
AMENDED = 100
"""One fact of so many amends one of the past."""


def heavy(rig: Rig) -> list[Figure]:
    """CPU of reading and folding a batch as the aggregator cuts it, without and with what is heavy."""
    rig.start("valkey")
    return asyncio.run(_figures(rig.environment["SIEP_REDIS"]))


async def _figures(redis_url: str) -> list[Figure]:
    mine = [one.value for one in recorded(lines(FACTS), bytes(32)) if one.partition == 0]
    told = decoded(Record(offset, 0, value) for offset, value in enumerate(mine))
    past, usual = told[:-RECORDS], told[-RECORDS:]
    redis = Redis.from_url(redis_url)
    try:
        histories = RedisHistories(redis, "bench_heavy")
        known = [LoggedFact(record.offset, one.subject, one.fact) for record, one in past if one.fact]
        known += [LoggedFact(0, f"k1:{length}", fact(number)) for length in LENGTHS for number in range(length)]
        await histories.add(0, 0, len(past), known)
        with patient_collector():
            return [one async for one in _measured(histories, past, usual)]
    finally:
        await redis.aclose()


async def _measured(histories: RedisHistories, past: Told, usual: Told) -> AsyncIterator[Figure]:
    alone = await _cost(histories, usual)
    yield Figure(f"a batch of {RECORDS:,} usual facts: read and fold", alone, "ms")
    for length in LENGTHS:
        for late in (False, True):
            for count in (1, TOGETHER):
                longer = await _cost(histories, _among(usual, _of(length, count, late=late))) - alone
                name = f"  with {count} more of one of {length:,}, told {'late' if late else 'last'}"
                yield Figure(name, longer, "ms longer")
    amended = await _cost(histories, _amending(past, usual))
    yield Figure("  the same batch where 1 % amend facts of the past", amended, "ms")
    yield Figure("  an amendment beyond a usual fact", (amended - alone) / len(usual) * AMENDED, "ms")


async def _cost(histories: RedisHistories, told: Told) -> float:
    return min([await _once(histories, told) for _ in range(TIMES)]) * 1_000


async def _once(histories: RedisHistories, told: Told) -> float:
    began = time.process_time()
    known = await histories.read(0, subjects_of(told))
    folded = fold_batch(told, known.histories, Position(told[0][0].offset, 0, 0))
    took = time.process_time() - began
    if len(folded.consumed) < len(told):
        raise RuntimeError(f"the batch was cut after {len(folded.consumed)} of {len(told)} facts")
    return took


def _among(usual: Told, more: Sequence[Message]) -> Told:
    """These in the middle of the others, in the place of as many of them."""
    middle = len(usual) // 2
    replaced = zip(usual[middle:], more, strict=False)
    return [*usual[:middle], *((record, one) for (record, _), one in replaced), *usual[middle + len(more) :]]


def _of(length: int, count: int, *, late: bool) -> list[Message]:
    said = [fact(length + number, before=length // 2 if late else 0) for number in range(count)]
    return [Message(one.source, one.id, f"k1:{length}", f"siep.{one.kind}.v1", one) for one in said]


def _amending(past: Told, usual: Told) -> Told:
    """The same batch, where the first of each hundred amends a fact of the past: it was a minute later."""
    targets = (one for _, one in past if one.fact and one.fact.kind in ("admission", "release", "case_changed"))
    amendments = islice((_amendment(one, one.fact) for one in targets if one.fact), len(usual) // AMENDED)
    found = list(usual)
    for place, one in zip(range(0, len(found), AMENDED), amendments, strict=True):
        found[place] = (found[place][0], one)
    return found


def _amendment(of: Message, target: Fact) -> Message:
    replacement = {"kind": target.kind, "at_ms": target.at_ms + 60_000, "data": target.data}
    data = {"target": {"source": of.source, "id": of.id}, "replacement": replacement}
    made = Fact(of.source, f"amends-{of.id}", "amendment", target.at_ms, data)
    return Message(of.source, made.id, of.subject, "siep.amendment.v1", made)
