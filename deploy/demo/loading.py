"""Sends lines of facts through the doors of ingest: each establishment with its own key, as it would by itself."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import httpx
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError, KafkaError

from services.ingest.subscribers import GROUP
from shared.adapters.kafka.reader import extent
from shared.contracts.topics import FACTS, INBOUND, PARTITIONS
from shared.ports import LogError

Line = tuple[str, bytes]
"""Who speaks, and one fact as JSON."""

WINDOW = 30_000
"""Lines are sent in about their order in time: a window at a time, one request per establishment and window."""
AT_ONCE = 4
TRIES = 60
PAUSE_SECONDS = 1.0
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
    by_kafka: frozenset[str] = BY_KAFKA


async def load(lines: Iterable[Line], doors: Doors, sent: Callable[[int], None], *, window: int = WINDOW) -> int:
    """Send everything and return how many lines there were; `sent` hears of each window.

    Whatever does not answer is asked again for a minute. Raises RefusedError.
    """
    limits = httpx.Limits(max_connections=AT_ONCE)
    total = 0
    async with (
        producer_of(doors.kafka) as producer,
        httpx.AsyncClient(base_url=doors.ingest, timeout=120, trust_env=False, limits=limits) as client,
    ):
        for portions in _windows(lines, window):
            await asyncio.gather(*(_send(client, producer, doors, *portion) for portion in portions.items()))
            count = sum(map(len, portions.values()))
            total += count
            sent(count)
    return total


@contextlib.asynccontextmanager
async def producer_of(kafka: str) -> AsyncIterator[AIOKafkaProducer]:
    """Someone who pushes into Kafka, once the broker answers."""
    producer = await _connected(kafka)
    try:
        yield producer
    finally:
        await producer.stop()


async def _connected(kafka: str) -> AIOKafkaProducer:
    for _ in range(TRIES):
        producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", linger_ms=20, max_batch_size=1 << 20)
        try:
            await producer.start()
        except KafkaConnectionError:
            await producer.stop()
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return producer
    raise RefusedError(f"no broker answered at {kafka} in {TRIES} tries: see make status")


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
    if source in doors.by_kafka:
        await push(producer, source, lines)
        return
    headers = {"Authorization": f"Bearer {doors.keys[source]}", "Content-Type": "application/x-ndjson"}
    for _ in range(TRIES):
        try:
            answer = await client.post("/v1/facts", content=_body(lines), headers=headers)
        except httpx.TransportError:
            await asyncio.sleep(PAUSE_SECONDS)  # no answer: send it all again, a fact that is known already counts once
            continue
        if answer.status_code == httpx.codes.ACCEPTED:
            return
        if answer.status_code not in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
            raise RefusedError(f"[{source}] was answered [{answer.status_code}]: {answer.text[:500]}")
        await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
    raise RefusedError(f"[{source}] got no answer from {doors.ingest} in {TRIES} tries: see make status")


async def push(producer: AIOKafkaProducer, source: str, lines: list[bytes]) -> None:
    """Into the inbound topic; what the broker does not acknowledge goes once more."""
    for _ in range(TRIES):
        pushed = await asyncio.gather(*(_pushed(producer, source, line) for line in lines))
        lines = [line for line, done in zip(lines, pushed, strict=True) if not done]
        if not lines:
            return
        await asyncio.sleep(PAUSE_SECONDS)
    raise RefusedError(f"[{source}] could not push into Kafka in {TRIES} tries: see make status")


async def _pushed(producer: AIOKafkaProducer, source: str, line: bytes) -> bool:
    try:
        await producer.send_and_wait(INBOUND.name, line, key=source.encode())
    except KafkaError:
        return False
    return True


async def _body(lines: list[bytes]) -> AsyncIterator[bytes]:
    for start in range(0, len(lines), 500):
        yield b"\n".join(lines[start : start + 500]) + b"\n"


class LogStanding(NamedTuple):
    """How many records the log has, and whether that is all: ingest has taken what was pushed into Kafka so far."""

    records: int
    complete: bool


async def log_standing(kafka: str) -> LogStanding:
    """How the log stands. Raises LogError while the broker does not answer."""
    try:
        complete = await _taken_in(kafka)  # asked first: what was taken is in the log
        extents = await asyncio.gather(*(extent(kafka, FACTS.name, number) for number in range(PARTITIONS)))
    except KafkaError as error:
        raise LogError(str(error) or type(error).__name__) from error
    return LogStanding(sum(one.end for one in extents), complete)


async def _taken_in(kafka: str) -> bool:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    reader = AIOKafkaConsumer(bootstrap_servers=kafka)
    try:
        await admin.start()
        await reader.start()
        places = [TopicPartition(INBOUND.name, number) for number in range(INBOUND.partitions)]
        ends = await reader.end_offsets(places)
        taken = await admin.list_consumer_group_offsets(GROUP, partitions=places)
        return all(ends[place] == 0 or taken[place].offset >= ends[place] for place in places)
    finally:
        await reader.stop()
        await admin.close()
