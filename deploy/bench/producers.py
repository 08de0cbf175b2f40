"""Producers who go on at their own rate whatever they are answered: they wait when they are told to, and come again."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from deploy.bench.doors import NDJSON, Answer, Connection, RefusedError, Request, request
from deploy.demo.loading import producer_of
from shared.contracts.topics import INBOUND

Portion = tuple[str, bytes]
"""Who speaks, and lines of facts."""
_ACCEPTED, _LATER = 202, {429, 503}
PAUSE_SECONDS = 1.0


@dataclass(kw_only=True)
class Producers(ABC):
    """So many at once that share what is due; what is due beyond them waits, as in a producer's journal.

    Counts facts. `slowed` counts a fact each time it was put off.
    """

    at_once: int
    offered: int = 0
    accepted: int = 0
    slowed: int = 0
    slowest_seconds: float = 0.0

    async def offer(self, portions: Iterable[Portion], rate: float) -> float:
        """Let them become due at this many facts a second; returns when each is accepted, with the seconds of offering.

        Raises RefusedError if one is refused for good.
        """
        due: asyncio.Queue[Portion | None] = asyncio.Queue()
        async with asyncio.TaskGroup() as group:
            for _ in range(self.at_once):
                group.create_task(self._send(due))
            began = time.monotonic()
            for portion in portions:
                await asyncio.sleep(began + self.offered / rate - time.monotonic())
                due.put_nowait(portion)
                self.offered += portion[1].count(b"\n")
            took = time.monotonic() - began
            for _ in range(self.at_once):
                due.put_nowait(None)
        return took

    async def _send(self, due: asyncio.Queue[Portion | None]) -> None:
        while (portion := await due.get()) is not None:
            began = time.monotonic()
            await self._until_accepted(*portion)
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)

    @abstractmethod
    async def _until_accepted(self, source: str, lines: bytes) -> None: ...


@dataclass(kw_only=True)
class HttpProducers(Producers):
    """Those who speak HTTP. `answers` counts requests by status, `broken` those that ended without an answer."""

    address: str
    keys: Mapping[str, str]
    broken: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    async def _until_accepted(self, source: str, lines: bytes) -> None:
        while lines:
            one = request(self.address, "/v1/facts", self.keys[source], NDJSON, lines)
            try:
                answer = await self._answer(one)
            except (OSError, asyncio.IncompleteReadError):  # whatever became of it: nothing counts twice
                self.broken += 1
                await asyncio.sleep(PAUSE_SECONDS)
                continue
            lines = lines.split(b"\n", done)[done] if (done := self._settled(lines.count(b"\n"), answer)) else lines
            await asyncio.sleep(answer.pause)

    async def _answer(self, one: Request) -> Answer:
        connection = await Connection.open(self.address)
        try:
            return await connection.ask(one)
        finally:
            await connection.close()

    def _settled(self, facts: int, answer: Answer) -> int:
        """How many of the facts, from the first, need not be sent again."""
        self.answers[answer.status] += 1
        if answer.status == _ACCEPTED:
            done = facts
        elif answer.status in _LATER and answer.pause:
            done = orjson.loads(answer.body)["receipt"]["resume_from_line"] - 1
        else:
            raise RefusedError(f"{answer.status}: {answer.body[:500].decode(errors='replace')}")
        self.accepted += done
        self.slowed += facts - done
        return done


@dataclass(kw_only=True)
class KafkaProducers(Producers):
    """Those who push into the inbound topic: accepted is what the broker has acknowledged."""

    kafka: str
    _producer: AIOKafkaProducer | None = None

    async def offer(self, portions: Iterable[Portion], rate: float) -> float:
        """See Producers."""
        async with producer_of(self.kafka) as self._producer:
            return await super().offer(portions, rate)

    async def _until_accepted(self, source: str, lines: bytes) -> None:
        facts = lines.splitlines()
        while not await self._pushed(source.encode(), facts):
            self.slowed += len(facts)
            await asyncio.sleep(PAUSE_SECONDS)
        self.accepted += len(facts)

    async def _pushed(self, key: bytes, facts: list[bytes]) -> bool:
        """Whether the broker has all of them; if not, all go once more: nothing counts twice."""
        assert self._producer, "what is offered is offered to a broker"
        try:
            sent = [await self._producer.send(INBOUND.name, fact, key=key) for fact in facts]
        except KafkaError:
            return False
        return not any(await asyncio.gather(*map(_failed, sent)))


async def _failed(acknowledged: asyncio.Future[object]) -> bool:
    try:
        await acknowledged
    except KafkaError:
        return True
    return False
