"""Sends lines of facts through the doors of ingest: each establishment with its own key, as it would by itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from services.ingest.subscribers import GROUP
from shared.contracts.topics import INBOUND

Line = tuple[str, bytes]
"""Who speaks, and one fact as JSON."""

WINDOW = 30_000
"""Lines are sent in about their order in time: a window at a time, one request per establishment and window."""
AT_ONCE = 4
TRIES = 60
BY_KAFKA = frozenset({"ep-001", "ep-002", "ep-003"})
"""These establishments push into Kafka; all others speak HTTP."""


class RefusedError(Exception):
    """Ingest did not accept what the simulated country sends; the text is its answer."""


@dataclass(frozen=True)
class Doors:
    """Where facts go in, and the key of each establishment."""

    ingest: str
    kafka: str
    keys: Mapping[str, str]


async def load(lines: Iterable[Line], doors: Doors, sent: Callable[[int], None], *, window: int = WINDOW) -> int:
    """Send everything and return how many lines there were; `sent` hears of each window. Raises RefusedError."""
    producer = AIOKafkaProducer(bootstrap_servers=doors.kafka, acks="all", linger_ms=20, max_batch_size=1 << 20)
    limits = httpx.Limits(max_connections=AT_ONCE)
    total = 0
    await producer.start()
    try:
        async with httpx.AsyncClient(base_url=doors.ingest, timeout=120, trust_env=False, limits=limits) as client:
            for portions in _windows(lines, window):
                await asyncio.gather(*(_send(client, producer, doors, *portion) for portion in portions.items()))
                count = sum(map(len, portions.values()))
                total += count
                sent(count)
    finally:
        await producer.stop()
    return total


def _windows(lines: Iterable[Line], size: int) -> Iterator[dict[str, list[bytes]]]:
    remaining = iter(lines)
    while window := list(islice(remaining, size)):
        portions: dict[str, list[bytes]] = {}
        for source, line in window:
            portions.setdefault(source, []).append(line)
        yield portions


async def _send(
    client: httpx.AsyncClient, producer: AIOKafkaProducer, doors: Doors, source: str, lines: list[bytes]
) -> None:
    if source in BY_KAFKA:
        await asyncio.gather(*[await producer.send(INBOUND.name, line, key=source.encode()) for line in lines])
        return
    headers = {"Authorization": f"Bearer {doors.keys[source]}", "Content-Type": "application/x-ndjson"}
    for _ in range(TRIES):
        try:
            answer = await client.post("/v1/facts", content=_body(lines), headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(1)  # no answer: send it all again, a fact that is known already counts once
            continue
        if answer.status_code == httpx.codes.ACCEPTED:
            return
        if answer.status_code not in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
            raise RefusedError(f"[{source}] was answered [{answer.status_code}]: {answer.text[:500]}")
        await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
    raise RefusedError(f"[{source}] got no answer from {doors.ingest} in {TRIES} tries: see make status")


async def _body(lines: list[bytes]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), 500):
        yield b"\n".join(lines[start : start + 500]) + b"\n"


async def taken_in(kafka: str) -> bool:
    """Whether ingest has taken everything that establishments pushed into Kafka so far."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    reader = AIOKafkaConsumer(bootstrap_servers=kafka)
    await admin.start()
    await reader.start()
    try:
        places = [TopicPartition(INBOUND.name, number) for number in range(INBOUND.partitions)]
        ends = await reader.end_offsets(places)
        taken = await admin.list_consumer_group_offsets(GROUP, partitions=places)
        return all(ends[place] == 0 or taken[place].offset >= ends[place] for place in places)
    finally:
        await reader.stop()
        await admin.close()
