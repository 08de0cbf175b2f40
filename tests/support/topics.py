"""Reads what a test has caused to be written to the topics."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.contracts.topics import TOPICS


class TopicReader:
    """What was written since the reader was made."""

    def __init__(self, consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._starts = starts

    async def records(self, topic: str) -> list[Any]:
        """All records of the topic that are there now; ticks, which come with time alone, are left out."""
        places = [place for place in self._starts if place.topic == topic]
        ends = await self._consumer.end_offsets(places)
        read = [record for place in places for record in await self._read(place, ends[place] - self._starts[place])]
        return [record for record in read if record.key != b"tick"]

    async def first(self, topic: str, partition: int, count: int) -> list[Any]:
        """The first records of a partition, awaited for 10 s."""
        return await self._read(TopicPartition(topic, partition), count)

    async def end(self, topic: str) -> int:
        """How many records the topic has ever had."""
        ends = await self._consumer.end_offsets([place for place in self._starts if place.topic == topic])
        return sum(ends.values())

    async def _read(self, place: TopicPartition, count: int) -> list[Any]:
        self._consumer.assign([place])
        self._consumer.seek(place, self._starts[place])
        records: list[Any] = []
        while len(records) < count:
            batches = await self._consumer.getmany(place, timeout_ms=10_000, max_records=count - len(records))
            assert batches, f"{len(records)} of {count} records of {place} after 10 s"
            records += batches[place]
        return records


@contextlib.asynccontextmanager
async def topic_reader(kafka_address: str) -> AsyncIterator[TopicReader]:
    """A reader of all topics of this broker, from now on."""
    async with AIOKafkaConsumer(bootstrap_servers=kafka_address) as consumer:
        places = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
        yield TopicReader(consumer, await consumer.end_offsets(places))
