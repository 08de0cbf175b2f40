"""Ingest comes back while the group still waits for one who will never answer again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator

import httpx
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from services.ingest.subscribers import GROUP
from shared.contracts.topics import INBOUND
from tests.contract.examples import accepted
from tests.support.stack import RunningStack, local_stack

pytestmark = pytest.mark.stack

MEMBER = """
import asyncio, sys
from aiokafka import AIOKafkaConsumer
async def join():
    member = AIOKafkaConsumer(sys.argv[2], bootstrap_servers=sys.argv[1], group_id=sys.argv[3], session_timeout_ms=90_000)
    await member.start()
    print("joined", flush=True)
    await asyncio.Event().wait()
asyncio.run(join())
"""


@pytest.fixture
def system() -> Iterator[RunningStack]:
    with local_stack("kafka") as running:
        yield running


def _killed_member(kafka: str) -> None:
    """A member of the group of ingest that is gone without a word: the group waits 90 s for it."""
    command = [sys.executable, "-c", MEMBER, kafka, INBOUND.name, GROUP]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as member:
        assert member.stdout
        assert member.stdout.readline() == "joined\n"
        member.send_signal(signal.SIGKILL)


async def test_http_does_not_wait_for_the_kafka_door_nor_does_the_end(system: RunningStack):
    kafka = system.environment["SIEP_KAFKA"]
    await asyncio.to_thread(_killed_member, kafka)
    await asyncio.to_thread(system.start, "ingest")
    headers = {"Authorization": f"Bearer {system.ingest_key('ep-022')}", "Content-Type": "application/x-ndjson"}
    async with httpx.AsyncClient(base_url=system.ingest, timeout=30) as client:
        answer = await client.post("/v1/facts", content=accepted()["release/acquitted"], headers=headers)
    assert answer.status_code == 202
    ingest = psutil.Process(system.runs("ingest"))
    ingest.terminate()
    await asyncio.to_thread(ingest.wait, 30)
    assert await _state_of_group(kafka) == "PreparingRebalance", "nobody was let in meanwhile"


async def _state_of_group(kafka: str) -> str:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        [response] = await admin.describe_consumer_groups([GROUP])
        return str(response.to_object()["groups"][0]["state"])
    finally:
        await admin.close()
