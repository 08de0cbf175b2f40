"""Clocks of real processes are stepped as the fault harness does it: that they were is seen in what they say."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from deploy.local.home import free_ports
from deploy.local.stack import Stack
from shared.contracts.topics import FACTS
from shared.runtime.clock import SystemClock
from tests.faults.plan import STEPS
from tests.faults.system import Detour
from tests.support.waiting import until

NEAR_SECONDS = 60
CAN_BE_STEPPED = (sys.platform, platform.machine()) == ("linux", "x86_64")
"""The wheel of libfaketime holds a library for these alone. Elsewhere a step does nothing, and that is what is asserted."""


@pytest.fixture(scope="module")
def home() -> Iterator[Detour]:
    """Of a broker whose clock can be stepped, where any can. Ended and deleted afterwards."""
    home = Detour(Path(tempfile.mkdtemp(prefix="siep-clocks-")).resolve(), {})
    try:
        assert home.wind() is CAN_BE_STEPPED
        stack = Stack(home, say=lambda _: None)
        try:
            stack.up(free_ports(), ["kafka"])
            yield home
        finally:
            home.end(stack)
    finally:
        shutil.rmtree(home.folder)


@pytest.mark.stack
@pytest.mark.parametrize("what", ["clock back", "clock ahead"])
async def test_the_broker_records_by_its_clock(home: Detour, what: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=home.environment()["SIEP_KAFKA"], acks="all")
    await producer.start()

    async def wrong_by(seconds: int) -> bool:
        record = await producer.send_and_wait(FACTS.name, b"{}", partition=0)
        return abs(record.timestamp / 1_000 - SystemClock().now().timestamp() - seconds) < NEAR_SECONDS

    try:
        seconds = STEPS[what, "kafka"]
        assert await wrong_by(0)
        with home.stepped("kafka", seconds):
            await until(lambda: wrong_by(seconds if CAN_BE_STEPPED else 0), "the broker's clock is wrong")
        await until(lambda: wrong_by(0), "the broker's clock is right again")
    finally:
        await producer.stop()
