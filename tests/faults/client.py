"""A client that sends again what it does not know the fate of, and holds each answer against what it should be."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import httpx
from aiokafka import AIOKafkaProducer

from deploy.demo.loading import push
from tests.faults.judge import Expected
from tests.faults.load import Delivery

PATIENCE_SECONDS = 120.0
"""Many times what it takes: what is not known then will not be, also on a machine that has other things to do."""
PAUSE_SECONDS = 0.3
AT_ONCE = 6
_TYPES = {"lines": "application/x-ndjson", "single": "application/cloudevents+json"}
_LATER = {httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE}
_ANSWERED = {httpx.codes.ACCEPTED, httpx.codes.MULTI_STATUS}


class UnknownFateError(Exception):
    """For too long nobody said what became of something that was sent."""


@dataclass
class Client:
    """Everybody who sends facts, each with the own key. `retries` counts requests that had to be made again."""

    http: httpx.AsyncClient
    kafka: AIOKafkaProducer
    keys: Mapping[str, str]
    expected: Expected
    retries: int = 0
    wrong: list[str] = field(default_factory=list)

    async def send(self, deliveries: Iterable[Delivery]) -> None:
        """Return when the fate of every line is known. Raises UnknownFateError."""
        few = asyncio.Semaphore(AT_ONCE)
        began = asyncio.get_running_loop().time()

        async def one(delivery: Delivery) -> None:
            await asyncio.sleep(began + delivery.at - asyncio.get_running_loop().time())
            async with few:
                await self._deliver(delivery)

        async with asyncio.TaskGroup() as group:
            for delivery in deliveries:
                group.create_task(one(delivery))

    async def _deliver(self, delivery: Delivery) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                if delivery.door == "inbound":
                    await push(self.kafka, delivery.speaker, list(delivery.lines))
                else:
                    await self._post(delivery)
        except TimeoutError as error:
            raise UnknownFateError(f"[{delivery.speaker}] was not answered in {PATIENCE_SECONDS:.0f} s") from error

    async def _post(self, delivery: Delivery) -> None:
        """Until it is answered for good; after a half answer from where it says."""
        lines = delivery.lines
        headers = {
            "Authorization": f"Bearer {self.keys[delivery.speaker]}",
            "Content-Type": _TYPES[delivery.door],
        }
        while lines:
            try:
                answer = await self.http.post("/v1/facts", content=b"\n".join(lines), headers=headers)
            except httpx.TransportError:
                await self._pause()
                continue
            lines = lines[self._settled(delivery.speaker, lines, answer) :]
            if lines:
                await self._pause()

    async def _pause(self) -> None:
        self.retries += 1
        await asyncio.sleep(PAUSE_SECONDS)

    def _settled(self, speaker: str, lines: tuple[bytes, ...], answer: httpx.Response) -> int:
        """How many of the lines, from the first, have a fate now."""
        if answer.status_code in _ANSWERED:
            self._check(speaker, lines, answer.json())
            return len(lines)
        if answer.status_code in _LATER:
            receipt = answer.json()["receipt"]
            done = receipt["resume_from_line"] - 1
            self._check(speaker, lines[:done], receipt)
            return int(done)
        if answer.status_code == httpx.codes.BAD_REQUEST:  # what a cut left of a request was read as all of it
            return 0
        self.wrong.append(f"[{speaker}] was answered [{answer.status_code}]")
        return len(lines)

    def _check(self, speaker: str, lines: tuple[bytes, ...], receipt: Mapping[str, object]) -> None:
        fates = [self.expected.fate(speaker, line) for line in lines]
        said = {name: receipt[name] for name in ("accepted", "quarantined", "rejected")}
        should = {name: fates.count(name) for name in said}
        if said != should:
            self.wrong.append(f"[{speaker}] was told {said} and should have been told {should}")
