"""Builds the aggregator: clients, one follower per assigned partition, and a health page."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.aggregator.checkpointing import make_for_ever
from services.aggregator.courier import Courier
from services.aggregator.handlers import Partition, PartitionStoppedError
from services.aggregator.metrics import metrics
from services.aggregator.watching import Watch
from shared.adapters.clickhouse.checkpoints import ClickHouseCheckpoints
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.kafka.publisher import KafkaPublisher
from shared.adapters.kafka.reader import KafkaLogEnds, LogReader, extent
from shared.adapters.redis.client import connect_redis
from shared.adapters.redis.histories import RedisHistories
from shared.contracts.mapping import UndecodableError
from shared.contracts.topics import FACTS, MERGED_PARTITION, PARTITIONS
from shared.ports import (
    Histories,
    HistoriesError,
    Journal,
    JournalError,
    LogEnds,
    LogError,
    Publisher,
    Record,
)
from shared.runtime.clock import Clock, SystemClock
from shared.runtime.settings import Settings

log = logging.getLogger(__name__)

GROUP = "siep.aggregator.v1"
RECORDS_MAX = 6_000
"""At most so many records are folded at a time, so that other partitions and the group's heartbeat get their turn."""
TURN_SECONDS = 1.0
"""A partition under load writes one part in this time: eight of them stay under ten parts a second."""
AGAIN_SECONDS = 1.0


@dataclass
class Followers:
    """One task per assigned partition, and what stopped those that stopped for good."""

    settings: Settings
    clock: Clock
    log: LogReader
    journal: Journal
    histories: Histories
    publisher: Publisher
    ends: LogEnds
    tasks: dict[int, asyncio.Task[None]] = field(default_factory=dict)
    positions: dict[int, int] = field(default_factory=dict)
    stopped: dict[int, str] = field(default_factory=dict)
    couriers: dict[int, Courier] = field(default_factory=dict)

    async def assigned(self, partitions: set[int]) -> None:
        """Begin to follow what is ours now."""
        self.stopped.clear()
        for number in partitions:
            self.tasks[number] = asyncio.create_task(self._follow(number), name=f"partition-{number}")

    async def revoked(self, partitions: set[int]) -> None:
        """Let go at once: whatever was under way is settled by the position, by whoever comes next."""
        going = {self.tasks.pop(number) for number in partitions if number in self.tasks}
        while going:  # a library may swallow a cancelling that meets an answer; the group waits for us meanwhile
            for task in going:
                task.cancel()
            _, going = await asyncio.wait(going, timeout=AGAIN_SECONDS)
        self.log.forget(partitions)
        for number in partitions:
            self.positions.pop(number, None)
            self.couriers.pop(number, None)

    async def _follow(self, number: int) -> None:
        partition = Partition(number, self.journal, self.histories)
        async with contextlib.AsyncExitStack() as beside:
            if number != MERGED_PARTITION:
                courier = self.couriers[number] = Courier(number, self.journal, self.publisher, self.ends)
                delivering = asyncio.create_task(courier.deliver_for_ever(partition), name=f"courier-{number}")
                beside.callback(delivering.cancel)
            await self._follow_until_stopped(partition)

    @property
    def undelivered(self) -> dict[int, str]:
        """Why what partitions owe others could not be told them, for those where it is so."""
        return {number: one.undelivered for number, one in self.couriers.items() if one.undelivered is not None}

    async def _follow_until_stopped(self, partition: Partition) -> None:
        number = partition.number
        while True:
            try:
                await self._consume(partition)
            except (PartitionStoppedError, UndecodableError) as error:
                self.stopped[number] = str(error)
                log.critical("partition stopped", extra={"partition": number, "why": str(error)})
                return
            except (JournalError, HistoriesError, LogError) as error:
                log.warning("will try again", extra={"partition": number, "why": str(error)[:300]})
                await asyncio.sleep(AGAIN_SECONDS)
            except Exception as error:  # a task that ended unseen would be a partition that nobody follows
                broken = isinstance(error, AssertionError)
                what = (
                    "an invariant of the fold does not hold" if broken else f"[{type(error).__name__}] was not expected"
                )
                self.stopped[number] = f"{what}: see the log"
                log.critical("partition stopped", exc_info=True, extra={"partition": number})
                return

    async def _consume(self, partition: Partition) -> None:
        """Follow one partition from where the journal stands, for ever."""
        number = partition.number
        position = await partition.take_over()
        await partition.same_log((await extent(self.settings.kafka, FACTS.name, number)).first)
        turn, records = 0.0, list[Record]()
        while True:
            self.positions[number] = position.next_offset
            records = await self._gathered(records, number, position.next_offset, turn)
            turn = next_turn(number, asyncio.get_running_loop().time())
            position = await partition.consume(records, position, int(self.clock.now().timestamp() * 1000))
            records = [record for record in records if record.offset >= position.next_offset]
            await self.log.report(number, position.next_offset)

    async def _gathered(self, records: list[Record], number: int, next_offset: int, turn: float) -> list[Record]:
        """These and what else comes until the turn; after it, whatever comes first.

        Reading all the while matters: what the client fetched ahead is as old as the last reading, so reading once a
        turn would leave what came since for the turn after.
        """
        loop = asyncio.get_running_loop()
        while len(records) < RECORDS_MAX and (not records or loop.time() < turn):
            start = records[-1].offset + 1 if records else next_offset
            wait = turn - loop.time() if loop.time() < turn else AGAIN_SECONDS
            records += await self.log.read(
                number, start, most=RECORDS_MAX - len(records), wait_ms=math.ceil(wait * 1000)
            )
        await asyncio.sleep(max(0.0, turn - loop.time()))
        return records

    async def end(self) -> None:
        """Stop following everything."""
        await self.revoked(set(self.tasks))


def next_turn(number: int, now: float) -> float:
    """When a partition that begins a batch now may begin the next one (both in seconds of the same clock).

    Each has a point of its own in the period, so they take turns: all at once, the last would wait for the others.
    """
    point = TURN_SECONDS * number / PARTITIONS
    return point + (math.floor((now - point) / TURN_SECONDS) + 1) * TURN_SECONDS


def create_app(settings: Settings) -> Starlette:
    """The application: it follows the log while it is up, and `/health` says how it stands."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        client = await connect_async(settings)
        redis = connect_redis(settings.redis)
        reader = LogReader(settings.kafka, FACTS.name, GROUP)
        publisher, ends = KafkaPublisher(settings.kafka), KafkaLogEnds(settings.kafka)
        await publisher.start()
        journal, histories = ClickHouseJournal(client), RedisHistories(redis, LEDGER)
        followers = Followers(settings, SystemClock(), reader, journal, histories, publisher, ends)
        watch = Watch(ClickHouseFigures(client), followers.clock)
        app.state.followers, app.state.watch = followers, watch
        await reader.start(followers.assigned, followers.revoked)
        looking = [
            asyncio.create_task(watch.run(), name="watch"),
            asyncio.create_task(make_for_ever(ClickHouseCheckpoints(client)), name="checkpoints"),
        ]
        try:
            yield
        finally:
            for task in looking:
                task.cancel()
            await followers.end()
            await reader.stop()
            await publisher.stop()
            await ends.aclose()
            await redis.aclose()
            await client.close()

    return Starlette(routes=[Route("/health", _health), Route("/metrics", _metrics)], lifespan=lifespan)


async def _health(request: Request) -> JSONResponse:
    """200 while every assigned partition is followed, 503 with the reason once one had to stop; and the laws broken."""
    body = _standing(request)
    return JSONResponse(body, status_code=503 if body["stopped"] else 200)


async def _metrics(request: Request) -> Response:
    """The same for Prometheus, always 200."""
    return Response(metrics(_standing(request)), media_type=CONTENT_TYPE_LATEST)


def _standing(request: Request) -> dict[str, Any]:
    followers: Followers = request.app.state.followers
    return {
        "status": "stopped" if followers.stopped else "ok",
        "positions": {str(number): offset for number, offset in sorted(followers.positions.items())},
        "stopped": {str(number): why for number, why in sorted(followers.stopped.items())},
        "undelivered": {str(number): why for number, why in sorted(followers.undelivered.items())},
        "laws": request.app.state.watch.found,
    }
