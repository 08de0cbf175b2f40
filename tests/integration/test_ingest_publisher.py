"""The way to the real log keeps the promises of shared.ports.Publisher."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from shared.adapters.kafka.publisher import KafkaPublisher
from shared.contracts.topics import DEAD_LETTER, FACTS
from shared.ports import DeadLetter, LogError, Outgoing
from tests.contract.publisher_suite import LIMIT, PublisherSuite, Subject
from tests.support.stack import RunningStack


class Reader:
    """Reads what was written to a topic since the reader was made."""

    def __init__(self, consumer: AIOKafkaConsumer, starts: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._starts = starts

    async def read(self, topic: str, partition: int, count: int) -> list:
        place = TopicPartition(topic, partition)
        self._consumer.assign([place])
        self._consumer.seek(place, self._starts[place])
        records: list = []
        while len(records) < count:
            batches = await self._consumer.getmany(timeout_ms=10_000)
            assert batches, f"{len(records)} of {count} records after 10 s"
            records += batches[place]
        return records


@pytest.fixture
async def reader(kafka_address: str) -> AsyncIterator[Reader]:
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_address)
    await consumer.start()
    places = [TopicPartition(FACTS.name, number) for number in range(FACTS.partitions)]
    yield Reader(consumer, await consumer.end_offsets([*places, TopicPartition(DEAD_LETTER.name, 0)]))
    await consumer.stop()


@pytest.fixture
def kafka_pid(kafka_address: str, parts: RunningStack) -> int:
    return parts.process("kafka").pid


class TestKafkaPublisher(PublisherSuite):
    @pytest.fixture
    async def subject(self, kafka_address: str, kafka_pid: int, reader: Reader) -> AsyncIterator[Subject]:
        publisher = KafkaPublisher(kafka_address, patience_seconds=1.5, most_under_way=LIMIT)
        await publisher.start()

        async def messages(partition: int, count: int) -> list[Outgoing]:
            records = await reader.read(FACTS.name, partition, count)
            return [Outgoing(partition, record.key, record.value) for record in records]

        async def letters(count: int) -> list[DeadLetter]:
            records = await reader.read(DEAD_LETTER.name, 0, count)
            return [DeadLetter(record.key, record.value, tuple(record.headers)) for record in records]

        def stall() -> None:
            os.kill(kafka_pid, signal.SIGSTOP)

        def resume() -> None:
            os.kill(kafka_pid, signal.SIGCONT)

        yield Subject(publisher, messages, letters, stall, resume)
        await publisher.stop()


async def test_without_a_broker_it_says_where_it_looked():
    publisher = KafkaPublisher("127.0.0.1:1")
    with pytest.raises(LogError, match=r"127\.0\.0\.1:1"):
        await publisher.start()
