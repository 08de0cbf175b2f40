"""Writes to the log of record and to the topic of dead letters, and returns once the broker has it all.

Idempotent producer, `acks=all`. Messages go out as one batch per partition (2.1 us a message; `send` takes 13.9), and
the partition is always our own: client libraries hash keys differently. An idempotent producer never gives up a batch,
so what was not acknowledged in time is still under way: it counts against the limit until the broker answers.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections import defaultdict
from collections.abc import Awaitable, Iterable, Sequence
from typing import Any

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, OutOfOrderSequenceNumber

from shared.adapters.kafka.closed import mend_connections
from shared.contracts.topics import DEAD_LETTER, FACTS, MESSAGE_BYTES_MAX
from shared.ports import DeadLetter, LogError, Outgoing, SlowDownError

BATCH_BYTES = 512 * 1024
"""Below the broker's limit of 1 MB for a batch, above the largest fact."""
MOST_UNDER_WAY = 16 * 1024 * 1024
"""Bytes sent and not acknowledged, over all requests: what a slow broker may cost in memory."""
PATIENCE_SECONDS = 10.0
PROBE_SECONDS = 2.0
"""Whoever asks whether the log answers asks again soon."""

Acknowledgement = asyncio.Future[Any]

# At level DEBUG the library logs keys and values, and dead letters carry documents of persons.
logging.getLogger("aiokafka").setLevel(logging.INFO)


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
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

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
        size = sum(len(message.value) for message in messages) + sum(len(letter.value) for letter in letters)
        if self._under_way and self._under_way + size > self._most_under_way:
            raise SlowDownError("too much is waiting for the log to acknowledge it")
        try:
            async with asyncio.timeout(self._patience):
                await self._renew()
                acknowledgements = await self._sent(messages, letters)
                if acknowledgements:
                    await asyncio.wait(acknowledgements)
            for acknowledgement in acknowledgements:
                acknowledgement.result()
        except (KafkaError, TimeoutError) as error:
            self._spent = self._spent or isinstance(error, OutOfOrderSequenceNumber)
            raise LogError(f"the log did not acknowledge in time: {type(error).__name__}") from error

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

    async def _sent(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter]) -> list[Acknowledgement]:
        """What is to be awaited, once everything is on its way."""
        if len(messages) == 1 and not letters:
            return [await self._send(messages[0])]
        by_partition: defaultdict[int, list[Outgoing]] = defaultdict(list)
        for message in messages:
            by_partition[message.partition].append(message)
        groups = (self._send_partition(partition, group) for partition, group in by_partition.items())
        sent = await asyncio.gather(*groups, self._send_letters(letters))
        return [acknowledgement for group in sent for acknowledgement in group]

    async def _send(self, message: Outgoing) -> Acknowledgement:
        """Alone, it shares a batch with the single messages of other requests."""
        sending = self._producer.send(FACTS.name, message.value, message.key, message.partition)
        return await self._counted(sending, len(message.value))

    async def _send_partition(self, partition: int, messages: list[Outgoing]) -> list[Acknowledgement]:
        if len(messages) == 1:
            return [await self._send(messages[0])]
        return [
            await self._counted(self._send_batch(batch, partition), batch.size()) for batch in self._batches(messages)
        ]

    async def _send_batch(self, batch: Any, partition: int) -> Acknowledgement:
        """In turns: of many that wait for a partition the client (0.14) counts the time of all waits for each again."""
        async with self._turns[partition]:
            sent: Acknowledgement = await self._producer.send_batch(batch, FACTS.name, partition=partition)
        return sent

    async def _send_letters(self, letters: Sequence[DeadLetter]) -> list[Acknowledgement]:
        return [
            await self._counted(
                self._producer.send(DEAD_LETTER.name, letter.value, letter.key, 0, headers=list(letter.headers)),
                len(letter.value),
            )
            for letter in letters
        ]

    async def _counted(self, sending: Awaitable[Acknowledgement], size: int) -> Acknowledgement:
        """The acknowledgement of what is being sent, which counts as under way until it comes or sending fails."""
        self._under_way += size
        try:
            acknowledgement = await sending
        except BaseException:
            self._under_way -= size
            raise
        acknowledgement.add_done_callback(functools.partial(self._settled, size))
        return acknowledgement

    def _settled(self, size: int, acknowledgement: Acknowledgement) -> None:
        self._under_way -= size
        if not acknowledgement.cancelled():
            acknowledgement.exception()  # whoever waited has heard of it, or has long left

    def _batches(self, messages: Iterable[Outgoing]) -> Iterable[Any]:
        batch = self._producer.create_batch()
        for message in messages:
            if batch.append(key=message.key, value=message.value, timestamp=None) is None:  # it is full
                yield batch
                batch = self._producer.create_batch()
                batch.append(key=message.key, value=message.value, timestamp=None)
        yield batch
