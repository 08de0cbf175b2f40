"""How far the log reaches, asked of a broker and of nobody."""

from __future__ import annotations

import contextlib
import gc
import socket

import pytest
from aiokafka import AIOKafkaProducer

from shared.adapters.kafka.reader import KafkaLogEnds
from shared.contracts.topics import FACTS, PARTITIONS
from shared.ports import LogError


async def test_the_ends_move_with_what_is_written(kafka_address: str):
    async with contextlib.aclosing(KafkaLogEnds(kafka_address)) as log:
        before = await log.ends()
        assert len(before) == PARTITIONS
        async with AIOKafkaProducer(bootstrap_servers=kafka_address) as producer:
            await producer.send_and_wait(FACTS.name, b"{}", b"tick", partition=8)
        assert await log.ends() == (*before[:8], before[8] + 1)


async def test_where_no_broker_answers_that_is_said_and_nothing_is_left_open():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        log = KafkaLogEnds(f"127.0.0.1:{unheard.getsockname()[1]}", patience_seconds=0.5)
        for _ in range(2):
            with pytest.raises(LogError):
                await log.ends()
        await log.aclose()
    gc.collect()  # what is left open warns now, and a warning fails the test
