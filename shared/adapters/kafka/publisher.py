"""Writes to the log of record and to the topic of dead letters, and returns once the broker has it all.

Idempotent producer, `acks=all`. A partition has one batch under way; whatever comes meanwhile, of all requests, is in
its next. The partition is always our own: client libraries hash keys differently. An idempotent producer never gives up
a batch, so what was not acknowledged in time is still under way: it counts against the limit until the broker answers.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared.adapters.kafka.closed import mend_connections
from shared.contracts.topics import DEAD_LETTER, FACTS, MESSAGE_BYTES_MAX
from shared.ports import DeadLetter, LogError, Outgoing, SlowDownError

BATCH_BYTES = 512 * 1024
"""Below the broker's limit of 1 MB for a batch, above the largest fact."""
MOST_UNDER_WAY = 16 * 1024 * 1024
"""Bytes that wait to be sent or acknowledged, over all requests: what a slow broker may cost in memory."""
PATIENCE_SECONDS = 10.0
PROBE_SECONDS = 2.0
"""Whoever asks whether the log answers asks again soon."""

Place = tuple[str, int]
"""A topic and a partition of it."""
_NO_HEADERS: list[tuple[str, bytes]] = []


class _Batch:
    """What is written at once; `wanted` is how many requests wait for it."""

    def __init__(self, builder: Any, waiting: deque[_Batch]) -> None:
        self.builder = builder
        self.size = 0
        self.waiting = waiting
        self.wanted = 0
        self.acknowledged: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class KafkaPublisher:
    """The way to the log (see shared.ports.Publisher). To be started and stopped within a running event loop."""

    def __init__(
        self, servers: str, *, patience_seconds: float = PATIENCE_SECONDS, most_under_way: int = MOST_UNDER_WAY
    ) -> None:
        mend_connections()
        self._servers = servers
        self._patience = patience_seconds
        self._most_under_way = most_under_way
        self._under_way = 0
        self._producer: Any = None
        self._spent = False
        self._renewing = asyncio.Lock()
        self._waiting: defaultdict[Place, deque[_Batch]] = defaultdict(deque)
        self._senders: dict[Place, asyncio.Task[None]] = {}

    async def start(self) -> None:
        """Connect; raises LogError when no broker answers."""
        producer = AIOKafkaProducer(
            bootstrap_servers=self._servers,
            enable_idempotence=True,
            acks="all",
            max_batch_size=BATCH_BYTES,
            max_request_size=MESSAGE_BYTES_MAX,
            linger_ms=0,
        )
        try:
            await producer.start()
        except BaseException as error:
            await producer.stop()
            if not isinstance(error, KafkaError):
                raise
            raise LogError(f"Kafka does not answer at {self._servers}: {type(error).__name__}") from error
        self._producer = producer

    async def stop(self) -> None:
        """Wait a moment for what is under way, then disconnect."""
        try:
            await asyncio.wait_for(self._producer.stop(), self._patience)
        except TimeoutError:
            logging.getLogger(__name__).warning("stopped before the log acknowledged everything")

    async def ready(self) -> bool:
        """Whether a broker answers and knows the topic of facts."""
        try:
            async with asyncio.timeout(min(self._patience, PROBE_SECONDS)):
                return bool(await self._producer.client.force_metadata_update())
        except (KafkaError, TimeoutError):
            return False

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        """See shared.ports.Publisher."""
        if self._under_way >= self._most_under_way:
            raise SlowDownError("too much is waiting for the log to acknowledge it")
        batches: set[_Batch] = set()
        try:
            async with asyncio.timeout(self._patience):
                if self._spent:
                    await self._renew()
                batches = self._joined(messages, letters)
                if batches:
                    await asyncio.wait([batch.acknowledged for batch in batches])
            for batch in batches:
                batch.acknowledged.result()
        except (KafkaError, TimeoutError) as error:
            self._spent = self._spent or isinstance(error, OutOfOrderSequenceNumber)
            raise LogError(f"the log did not acknowledge in time: {type(error).__name__}") from error
        finally:
            self._leave(batches)

    async def _renew(self) -> None:
        """A new producer in the place of one that the broker will never take anything from again.

        After 40 s without a leader the client drops a batch that had its number already. The broker then refuses
        whatever follows the gap, for ever. What was dropped was answered as not recorded, so nothing is lost.
        """
        async with self._renewing:
            if self._spent:
                logging.getLogger(__name__).warning("the producer had a gap in its numbers: a new one takes its place")
                spent = self._producer
                await self.start()
                self._spent = False
                await spent.stop()

    def _joined(self, messages: Iterable[Outgoing], letters: Iterable[DeadLetter]) -> set[_Batch]:
        """The batches that these are in, beside those of other requests."""
        batches = {self._put((FACTS.name, partition), key, value, _NO_HEADERS) for partition, key, value in messages}
        batches |= {self._put((DEAD_LETTER.name, 0), key, value, list(headers)) for key, value, headers in letters}
        for batch in batches:
            batch.wanted += 1
        return batches

    def _put(self, place: Place, key: bytes | None, value: bytes, headers: list[tuple[str, bytes]]) -> _Batch:
        waiting = self._waiting[place]
        batch = waiting[-1] if waiting else self._opened(place)
        if batch.builder.append(timestamp=None, key=key, value=value, headers=headers) is None:  # it is full
            batch = self._opened(place)
            batch.builder.append(timestamp=None, key=key, value=value, headers=headers)
        batch.size += len(value)
        self._under_way += len(value)
        return batch

    def _opened(self, place: Place) -> _Batch:
        waiting = self._waiting[place]
        batch = _Batch(self._producer.create_batch(), waiting)
        waiting.append(batch)
        if place not in self._senders:
            self._senders[place] = asyncio.create_task(self._send(place, waiting))
        return batch

    async def _send(self, place: Place, waiting: deque[_Batch]) -> None:
        """One batch after the other, until none waits. To the last that waits others may still be added."""
        topic, partition = place
        try:
            while waiting:
                batch = waiting.popleft()
                try:
                    await (await self._producer.send_batch(batch.builder, topic, partition=partition))
                except Exception as error:  # noqa: BLE001 - it is for those who wait
                    batch.acknowledged.set_exception(error)
                    batch.acknowledged.exception()  # nobody may wait any more
                else:
                    batch.acknowledged.set_result(None)
                finally:
                    self._under_way -= batch.size
        finally:
            del self._senders[place]

    def _leave(self, batches: Iterable[_Batch]) -> None:
        """What nobody waits for any more is not sent, unless the client has it already."""
        for batch in batches:
            batch.wanted -= 1
            if not batch.wanted and batch in batch.waiting:
                batch.waiting.remove(batch)
                self._under_way -= batch.size
