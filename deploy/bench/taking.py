"""What a fact costs ingest, by each of its doors."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from aiokafka import AIOKafkaProducer

from deploy.bench.doors import LINES_PER_REQUEST, batches, post_all, singles
from deploy.bench.figures import Figure
from deploy.bench.load import Line, lines
from deploy.bench.meters import cpu_seconds
from deploy.bench.rig import Rig
from deploy.demo.loading import log_standing
from shared.contracts.topics import INBOUND

FACTS = 40_000
SAMPLE = 120_000
"""Of so many, enough establishments have whole requests of 500 lines."""
SINGLE_FACTS = 8_000
ROUNDS = 3
BATCH_CONNECTIONS = 8
SINGLE_CONNECTIONS = 64


def ingest(rig: Rig) -> list[Figure]:
    """CPU of the process of ingest per fact: the least of some rounds of the same facts."""
    rig.start("kafka", "ingest")
    address, keys = rig.environment["SIEP_INGEST"], rig.keys
    sample = lines(SAMPLE)
    whole = [one for one in batches(address, keys, sample) if one.facts == LINES_PER_REQUEST]
    many, few = whole[: FACTS // LINES_PER_REQUEST], singles(address, keys, sample[:SINGLE_FACTS])
    said = sample[:FACTS]
    sent = sum(one.facts for one in many)
    batch = _least(rig, "batches", sent, lambda: asyncio.run(post_all(address, many, BATCH_CONNECTIONS)))
    single = _least(rig, "one by one", len(few), lambda: asyncio.run(post_all(address, few, SINGLE_CONNECTIONS)))
    kafka = _least(rig, "through Kafka", len(said), lambda: asyncio.run(_push(rig.environment["SIEP_KAFKA"], said)))
    return [
        Figure("ingest, NDJSON batches, per fact", batch, "µs", 14),
        Figure("ingest, one fact per request", 1e6 / single, "per CPU-s", 5_000, at_least=True),
        Figure("ingest, Kafka door, per fact", kafka, "µs"),
    ]


def _least(rig: Rig, what: str, facts: int, work: Callable[[], None]) -> float:
    """µs of ingest's CPU per fact in the cheapest of the rounds; the first is a warm-up too."""
    process = rig.processes()["ingest"]
    costs = []
    for _ in range(ROUNDS):
        before = cpu_seconds(process)
        work()
        costs.append((cpu_seconds(process) - before) / facts * 1e6)
    rig.say(f"ingest, {what}: {', '.join(f'{cost:.1f}' for cost in costs)} µs per fact")
    return min(costs)


async def _push(kafka: str, said: Sequence[Line]) -> None:
    """Give these to the Kafka door, and wait until ingest has taken them."""
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=20, max_batch_size=1 << 20)
    await producer.start()
    try:
        sent = [await producer.send(INBOUND.name, line, key=source.encode()) for source, line in said]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
    while not (await log_standing(kafka)).complete:  # noqa: ASYNC110 - another process changes it
        await asyncio.sleep(0.1)
