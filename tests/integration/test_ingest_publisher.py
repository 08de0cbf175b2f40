"""The way to the real log keeps the promises of shared.ports.Publisher."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from shared.adapters.kafka.publisher import KafkaPublisher
from shared.contracts.topics import DEAD_LETTER, FACTS
from shared.ports import DeadLetter, LogError, Outgoing
from tests.contract.publisher_suite import LIMIT, PublisherSuite, Subject
from tests.support.stack import RunningStack
from tests.support.topics import topic_reader


@pytest.fixture
def kafka_pid(kafka_address: str, parts: RunningStack) -> int:
    return parts.process("kafka").pid


class TestKafkaPublisher(PublisherSuite):
    @pytest.fixture
    async def subject(self, kafka_address: str, kafka_pid: int) -> AsyncIterator[Subject]:
        publisher = KafkaPublisher(kafka_address, patience_seconds=1.5, most_under_way=LIMIT)
        await publisher.start()

        async def messages(partition: int, count: int) -> list[Outgoing]:
            records = await reader.first(FACTS.name, partition, count)
            return [Outgoing(partition, record.key, record.value) for record in records]

        async def letters(count: int) -> list[DeadLetter]:
            records = await reader.first(DEAD_LETTER.name, 0, count)
            return [DeadLetter(record.key, record.value, tuple(record.headers)) for record in records]

        def stall() -> None:
            os.kill(kafka_pid, signal.SIGSTOP)
            _wait_until_stopped(kafka_pid)

        def resume() -> None:
            os.kill(kafka_pid, signal.SIGCONT)

        async with topic_reader(kafka_address) as reader:
            yield Subject(publisher, messages, letters, stall, resume)
        await publisher.stop()


async def test_a_producer_that_the_broker_takes_nothing_from_is_made_anew(kafka_address: str) -> None:
    """After 40 s without a broker the client drops a numbered batch; what comes of it is the gap that is made here."""
    publisher = KafkaPublisher(kafka_address)
    await publisher.start()
    tick = Outgoing(0, b"tick", b"{}")
    await publisher.publish([tick])
    publisher._producer._txn_manager.increment_sequence_number(TopicPartition(FACTS.name, 0), 1)
    with pytest.raises(LogError):
        await publisher.publish([tick])
    await publisher.publish([tick])
    await publisher.stop()


def _wait_until_stopped(pid: int) -> None:
    """The signal is only sent when `kill` returns: on busy cores a thread may still answer a request after it."""
    deadline = time.monotonic() + 5
    while not all(
        stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in Path(f"/proc/{pid}/task").glob("*/stat")
    ):
        assert time.monotonic() < deadline, "the broker did not stop"
        time.sleep(0.001)


async def test_without_a_broker_it_says_where_it_looked():
    publisher = KafkaPublisher("127.0.0.1:1")
    with pytest.raises(LogError, match=r"127\.0\.0\.1:1"):
        await publisher.start()
