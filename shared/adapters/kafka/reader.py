"""Reads the log of record partition by partition, from wherever the journal says."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, ConsumerRecord, OffsetAndMetadata, TopicPartition
from aiokafka.errors import KafkaError

from shared.adapters.kafka.closed import mend_connections
from shared.contracts.topics import FACTS
from shared.ports import LogError, Record

FETCH_BYTES = 8 * 1024 * 1024
"""A fetch of one partition holds a full batch; the default of 1 MB would cut batches to a fifth."""

PATIENCE_SECONDS = 30.0
"""A broker that starts again is back sooner."""
AGAIN_SECONDS = 1.0
SILENT_MS = 10_000
"""Outside of a group nothing is asked that a broker thinks about for long; the client's own limit is 40 s."""

log = logging.getLogger(__name__)

OnChange = Callable[[set[int]], Awaitable[None]]


class LogReader:
    """Members of one group share the partitions; each reads its own by offset. Committed offsets steer nothing.

    A client was seen to wait for its group for ever after the broker had been killed and was back (see `closed`).
    Whoever gets no answer for long, for whatever reason, joins the group anew.
    """

    def __init__(self, servers: str, topic: str, group: str, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        mend_connections()
        self._servers = servers
        self._topic = topic
        self._group = group
        self._patience = patience_seconds
        self._consumer = self._made()
        self._next: dict[int, int] = {}
        self._renewing: asyncio.Task[None] | None = None

    def _made(self) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            group_id=self._group,
            enable_auto_commit=False,
            auto_offset_reset="none",  # a recreated topic must not be read from its start as if it were the old one
            max_partition_fetch_bytes=FETCH_BYTES,
            fetch_min_bytes=FETCH_BYTES,  # under load a record comes every 0.2 ms: ten answers a second, not hundreds
            fetch_max_wait_ms=100,
            session_timeout_ms=6_000,
            heartbeat_interval_ms=1_000,
        )

    async def start(self, on_assigned: OnChange, on_revoked: OnChange) -> None:
        """Join the group; the callbacks learn which partitions came and went."""
        self._listener = _Listener(on_assigned, on_revoked)
        self._consumer.subscribe([self._topic], listener=self._listener)
        await self._consumer.start()

    async def stop(self) -> None:
        """Leave the group, so that others take over at once."""
        if self._renewing is not None:
            self._renewing.cancel()
        await self._ended(self._consumer)

    async def _ended(self, consumer: AIOKafkaConsumer) -> None:
        """What waits for ever for its group never stops either."""
        try:
            await asyncio.wait_for(consumer.stop(), self._patience)
        except (KafkaError, TimeoutError):
            log.warning("left the group without saying so")

    async def _renew(self) -> None:
        """Let go of everything and join the group again, as somebody else."""
        log.warning("the group does not answer: joining it anew")
        old, listener = self._consumer, self._listener
        held = {place.partition for place in old.assignment()}
        listener.retired = True
        await listener.on_revoked(held)
        await self._ended(old)
        while True:
            self._consumer = self._made()
            try:
                return await self.start(listener.on_assigned, listener.on_revoked)
            except KafkaError:
                await self._ended(self._consumer)
                await asyncio.sleep(AGAIN_SECONDS)

    async def read(self, partition: int, start: int, *, most: int, wait_ms: int) -> list[Record]:
        """At most so many records from `start` on; none if none came within `wait_ms`. Raises LogError."""
        place = TopicPartition(self._topic, partition)
        try:
            if self._next.get(partition) != start:
                self._consumer.seek(place, start)
            found = (await self._consumer.getmany(place, timeout_ms=wait_ms, max_records=most)).get(place, [])
        except (KafkaError, AssertionError) as error:  # the client asserts that the partition is still assigned
            self._next.pop(partition, None)
            raise LogError(str(error) or type(error).__name__) from error
        self._next[partition] = found[-1].offset + 1 if found else start
        return [_record(one) for one in found]

    def forget(self, partitions: Iterable[int]) -> None:
        """These partitions may come back standing elsewhere."""
        for partition in partitions:
            self._next.pop(partition, None)

    async def report(self, partition: int, next_offset: int) -> None:
        """Commit the position for those who watch the lag; nobody continues from it."""
        place = TopicPartition(self._topic, partition)
        try:
            async with asyncio.timeout(self._patience):
                await self._consumer.commit({place: OffsetAndMetadata(next_offset, "")})
        except TimeoutError as error:
            if self._renewing is None or self._renewing.done():
                self._renewing = asyncio.create_task(self._renew(), name="joining anew")
            raise LogError("the group does not answer") from error
        except KafkaError as error:
            raise LogError(str(error) or type(error).__name__) from error


class Extent(NamedTuple):
    """The first record of a partition, and the offset after its last."""

    first: Record | None
    end: int


async def extent(servers: str, topic: str, partition: int) -> Extent:
    """How far a partition reaches now, and how it begins. Raises LogError."""
    async with LogScan(servers, topic, partition) as scan:
        end = await scan.end()
        return Extent((await scan.read(0, most=1))[0] if end else None, end)


class LogScan:
    """Reads one partition on its own, outside of any group."""

    def __init__(self, servers: str, topic: str, partition: int) -> None:
        mend_connections()
        self._place = TopicPartition(topic, partition)
        self._consumer = AIOKafkaConsumer(
            bootstrap_servers=servers,
            auto_offset_reset="none",
            enable_auto_commit=False,
            max_partition_fetch_bytes=FETCH_BYTES,
            request_timeout_ms=SILENT_MS,
        )
        self._next: int | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._consumer.start()
        except KafkaError as error:
            await self._consumer.stop()
            raise LogError(str(error) or type(error).__name__) from error
        self._consumer.assign([self._place])
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def end(self) -> int:
        """The offset after the last record now. Raises LogError."""
        try:
            return int((await self._consumer.end_offsets([self._place]))[self._place])
        except KafkaError as error:
            raise LogError(str(error) or type(error).__name__) from error

    async def read(self, start: int, *, most: int) -> list[Record]:
        """At least one and at most so many records from `start` on: there must be one. Raises LogError."""
        try:
            if self._next != start:
                self._consumer.seek(self._place, start)
            found: list[ConsumerRecord] = []
            while not found:
                found = (await self._consumer.getmany(timeout_ms=1_000, max_records=most)).get(self._place, [])
        except KafkaError as error:
            raise LogError(str(error) or type(error).__name__) from error
        self._next = found[-1].offset + 1
        return [_record(one) for one in found]


class KafkaLogEnds:
    """See shared.ports.LogEnds. Connects when it is first asked, and again if that failed."""

    def __init__(self, servers: str, *, patience_seconds: float = 2.0) -> None:
        mend_connections()
        self._servers = servers
        self._patience = patience_seconds
        self._consumer: AIOKafkaConsumer | None = None
        self._connecting = asyncio.Lock()

    async def aclose(self) -> None:
        """Disconnect, if there is a connection."""
        if self._consumer is not None:
            await self._consumer.stop()

    async def ends(self) -> tuple[int, ...]:
        """See shared.ports.LogEnds."""
        places = [TopicPartition(FACTS.name, number) for number in range(FACTS.partitions)]
        try:
            async with asyncio.timeout(self._patience):
                consumer = await self._connected()
                found = await consumer.end_offsets(places)
        except (KafkaError, TimeoutError) as error:
            raise LogError(str(error) or type(error).__name__) from error
        return tuple(int(found[place]) for place in places)

    async def _connected(self) -> AIOKafkaConsumer:
        async with self._connecting:
            if self._consumer is None:
                consumer = AIOKafkaConsumer(bootstrap_servers=self._servers)
                try:
                    await consumer.start()
                except BaseException:
                    await consumer.stop()
                    raise
                self._consumer = consumer
        return self._consumer


def _record(one: ConsumerRecord) -> Record:
    return Record(one.offset, one.timestamp, one.value)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]  # the client has no types
    """Hands on what it hears; once retired, nothing: its consumer may wake up after another took its place."""

    def __init__(self, on_assigned: OnChange, on_revoked: OnChange) -> None:
        self.on_assigned = on_assigned
        self.on_revoked = on_revoked
        self.retired = False

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        if not self.retired:
            await self.on_assigned({place.partition for place in assigned})

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        if not self.retired:
            await self.on_revoked({place.partition for place in revoked})
