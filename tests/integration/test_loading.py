from __future__ import annotations

import gc
import socket

import pytest
from aiokafka import AIOKafkaProducer

from deploy.demo import loading
from deploy.demo.__main__ import _counted, _standing
from deploy.demo.loading import Doors, RefusedError, load
from shared.contracts.topics import INBOUND
from tests.support.topics import topic_reader


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "TRIES", 3)
    monkeypatch.setattr(loading, "PAUSE_SECONDS", 0)


async def test_a_broker_that_never_answers_is_one_sentence_and_leaves_nothing_open(at_once: None):
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        kafka = f"127.0.0.1:{unheard.getsockname()[1]}"
        with pytest.raises(RefusedError, match=f"no broker answered at {kafka} in 3 tries: see make status"):
            await load([], Doors("http://127.0.0.1:9", kafka, {}), lambda _: None)
    gc.collect()  # what is left open warns now, and a warning fails the test


async def test_what_the_broker_does_not_acknowledge_goes_once_more(at_once: None, kafka_address: str):
    producer = AIOKafkaProducer(bootstrap_servers=kafka_address, max_request_size=400)
    async with topic_reader(kafka_address) as topics, producer:
        with pytest.raises(RefusedError, match=r"\[ep-001\] could not push into Kafka in 3 tries"):
            await loading.push(producer, "ep-001", [b"small", b"l" * 500])
        assert [record.value for record in await topics.records(INBOUND.name)] == [b"small"]


async def test_who_waits_for_the_count_waits_for_what_does_not_answer():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        port = unheard.getsockname()[1]
        assert await _standing(f"127.0.0.1:{port}") is None
        assert _counted({"SIEP_AGGREGATOR_PORT": str(port)}) == 0
    gc.collect()
