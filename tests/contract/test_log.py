"""What one partition of the log promises to whoever reads it, held against the one in memory and the one in Kafka."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Protocol

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from shared.adapters.kafka.reader import LogScan
from shared.ports import Record
from tests.support.fakes import FakeLog
from tests.support.logs import records, tick

TOPIC = "siep.test-of-the-log"
VALUES = [tick(number) for number in range(7)]


class Log(Protocol):
    async def read(self, start: int, *, most: int) -> list[Record]: ...


@pytest.fixture(params=["memory", "kafka"])
def servers(request: pytest.FixtureRequest) -> str | None:
    """Where the broker is; None if there is none."""
    return str(request.getfixturevalue("kafka_address")) if request.param == "kafka" else None


@pytest.fixture
async def log(servers: str | None) -> AsyncIterator[Log]:
    if servers is None:
        yield FakeLog(records(VALUES))
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    async with AIOKafkaProducer(bootstrap_servers=servers) as producer:
        for value in VALUES:
            await producer.send_and_wait(TOPIC, value, partition=0)
    async with LogScan(servers, TOPIC, 0) as scan:
        yield scan
    await admin.delete_topics([TOPIC])
    await admin.close()


async def test_records_come_in_order_without_a_gap_from_where_they_are_asked_for(log: Log) -> None:
    read: list[Record] = []
    while len(read) < len(VALUES):
        more = await log.read(len(read), most=3)
        assert 1 <= len(more) <= 3
        read += more
    assert [record.offset for record in read] == list(range(len(VALUES)))
    assert [record.value for record in read] == VALUES


async def test_what_was_read_can_be_read_again(log: Log) -> None:
    first = await log.read(0, most=1)
    await log.read(5, most=1)
    assert await log.read(0, most=1) == first
