"""The way to the real log keeps the promises of shared.ports.Publisher."""

from __future__ import annotations

import asyncio
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
from tests.support.topics import TopicReader, topic_reader


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


@pytest.fixture
async def stalled(kafka_address: str, kafka_pid: int) -> AsyncIterator[tuple[KafkaPublisher, TopicReader]]:
    """A publisher that has one message under way to a broker that stands still; the test ends the standstill."""
    publisher = KafkaPublisher(kafka_address, patience_seconds=5, most_under_way=LIMIT)
    await publisher.start()
    async with topic_reader(kafka_address) as reader:
        await publisher.publish([_numbered(0)])
        os.kill(kafka_pid, signal.SIGSTOP)
        _wait_until_stopped(kafka_pid)
        first = asyncio.create_task(publisher.publish([_numbered(1)]))
        try:
            await asyncio.sleep(0)
            yield publisher, reader
        finally:
            os.kill(kafka_pid, signal.SIGCONT)
        await first
    await publisher.stop()


def _numbered(number: int) -> Outgoing:
    return Outgoing(6, b"key", str(number).encode())


async def test_what_comes_while_a_batch_is_under_way_is_in_the_next_whoever_sent_it(
    stalled: tuple[KafkaPublisher, TopicReader], kafka_pid: int
) -> None:
    publisher, reader = stalled
    later = [asyncio.create_task(publisher.publish([_numbered(number)])) for number in range(2, 32)]
    await asyncio.sleep(0)
    os.kill(kafka_pid, signal.SIGCONT)
    await asyncio.gather(*later)
    records = await reader.first(FACTS.name, 6, 32)
    assert [record.value for record in records] == [_numbered(number).value for number in range(32)]
    assert len({record.timestamp for record in records[2:]}) == 1  # the broker stamps a batch as a whole


async def test_what_nobody_waits_for_any_more_is_not_written_and_not_under_way(
    stalled: tuple[KafkaPublisher, TopicReader], kafka_pid: int
) -> None:
    publisher, reader = stalled
    gone = asyncio.create_task(publisher.publish([Outgoing(6, b"key", bytes(LIMIT))]))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    assert gone.cancelled()
    later = asyncio.create_task(publisher.publish([_numbered(3)]))
    await asyncio.sleep(0)
    os.kill(kafka_pid, signal.SIGCONT)
    await later
    assert [record.value for record in await reader.first(FACTS.name, 6, 3)] == [b"0", b"1", b"3"]


async def test_who_leaves_takes_nobody_else_along(stalled: tuple[KafkaPublisher, TopicReader], kafka_pid: int) -> None:
    publisher, _ = stalled
    gone, stays = (asyncio.create_task(publisher.publish([_numbered(number)])) for number in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.wait([gone])
    os.kill(kafka_pid, signal.SIGCONT)
    await stays


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
