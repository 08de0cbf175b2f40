"""No identifier of a person goes further than ingest: not to the log, the journal, the histories, any file of logs."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest
import redis
from aiokafka import AIOKafkaProducer

from shared.adapters.clickhouse.client import connect
from shared.contracts.topics import DEAD_LETTER, FACTS, INBOUND
from shared.runtime.settings import Settings
from tests.contract.examples import IDENTIFIERS, accepted, refused
from tests.support.stack import RunningStack, local_stack
from tests.support.topics import topic_reader


@pytest.fixture(scope="module")
def system() -> Iterator[RunningStack]:
    with local_stack("kafka", "clickhouse", "valkey", "ingest", "aggregator") as running:
        yield running


@pytest.fixture(scope="module")
def messages() -> dict[bytes, str]:
    """Every example, good and bad, with who sends it."""
    sent = [*accepted().values(), *(case.message for case in refused().values())]
    return {message: json.loads(message).get("source", "ep-022") for message in sent}


@pytest.fixture(scope="module")
async def log_of_record(system: RunningStack, messages: dict[bytes, str]) -> list[bytes]:
    """The facts topic after all messages came through both doors and were consumed."""
    kafka = system.environment["SIEP_KAFKA"]
    async with topic_reader(kafka) as topics:
        await _send_over_http(system, messages)
        once = len(await topics.records(FACTS.name))
        async with AIOKafkaProducer(bootstrap_servers=kafka) as producer:
            for message, speaker in messages.items():
                await producer.send_and_wait(INBOUND.name, message, speaker.encode())
        records = await topics.records(FACTS.name)
        deadline = time.monotonic() + 60
        while len(records) < 2 * once or _consumed(system) < await topics.end(FACTS.name):
            assert time.monotonic() < deadline, "the system did not take everything within a minute"
            records = await topics.records(FACTS.name)
        assert await topics.records(DEAD_LETTER.name)
    return [record.key + b" " + record.value for record in records]


async def _send_over_http(system: RunningStack, messages: dict[bytes, str]) -> None:
    async with httpx.AsyncClient(base_url=system.ingest, timeout=30) as client:
        for message, speaker in messages.items():
            headers = {
                "authorization": f"Bearer {system.ingest_key(speaker)}",
                "content-type": "application/cloudevents+json",
            }
            answer = await client.post("/v1/facts", content=message, headers=headers)
            assert answer.status_code in (202, 207)
            assert not IDENTIFIERS.search(answer.text)


def _consumed(system: RunningStack) -> int:
    with connect(system.settings(Settings)) as client:
        return int(client.query("SELECT count() FROM journal_3 WHERE line = 0").result_rows[0][0])


def _found(text: str) -> list[str]:
    return IDENTIFIERS.findall(text)


def test_the_pattern_finds_what_is_sent(messages: dict[bytes, str]):
    for message in messages:
        assert _found(message.decode()) or "person" not in json.loads(message)["data"]


def test_none_is_in_the_log_of_record(log_of_record: list[bytes]):
    assert len(log_of_record) >= 2 * len(accepted())
    assert _found(b"\n".join(log_of_record).decode()) == []


def test_none_is_in_clickhouse(system: RunningStack, log_of_record: list[bytes]):
    with connect(system.settings(Settings)) as client:
        rows = client.raw_query("SELECT * FROM journal_3", fmt="JSONEachRow").decode()
    assert rows.count("\n") > len(log_of_record)
    assert _found(rows) == []


def test_none_is_in_redis(system: RunningStack, log_of_record: list[bytes]):
    with redis.Redis.from_url(system.environment["SIEP_REDIS"]) as store:
        contents = [(key, _value(store, key)) for key in store.scan_iter("*")]
    assert contents
    assert _found(repr(contents)) == []


def _value(store: redis.Redis, key: bytes) -> object:
    readers = {b"string": store.get, b"hash": store.hgetall, b"set": store.smembers, b"stream": store.xrange}
    ranges = {b"list": store.lrange, b"zset": store.zrange}
    kind = store.type(key)
    return readers[kind](key) if kind in readers else ranges[kind](key, 0, -1)


def test_none_is_in_any_file_of_logs(system: RunningStack, log_of_record: list[bytes]):
    files = [file for file in system.stack.home.logs.rglob("*") if file.is_file()]
    assert {"ingest.log", "aggregator.log"} <= {file.name for file in files}
    for file in files:
        assert _found(file.read_text(errors="replace")) == [], file.name
