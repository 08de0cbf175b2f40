"""A consumer group that was never there before misses nothing of the log."""

from __future__ import annotations

import asyncio

import pytest

from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.kafka.publisher import KafkaPublisher
from shared.contracts.topics import partition_of
from shared.domain.facts import Fact
from shared.ports import Outgoing
from shared.runtime.settings import Settings
from tests.support.logs import APPENDED_MS, message, token
from tests.support.stack import RunningStack, local_stack
from tests.support.waiting import until

pytestmark = pytest.mark.stack

PEOPLE = 40
ENTRY = {"establishment": "ep-001", "motive": "nuevo-ingreso", "declared_admissions": 1, "profile": {}, "cases": []}


def test_what_was_in_the_log_before_the_group_is_counted() -> None:
    with local_stack("kafka", "clickhouse", "valkey") as system:
        asyncio.run(_publish(system.environment["SIEP_KAFKA"]))
        system.start("aggregator")
        asyncio.run(until(lambda: _all_counted(system), "everything is counted"))


async def _publish(kafka: str) -> None:
    facts = ((token(number), Fact("ep-001", f"f{number}", "admission", APPENDED_MS, ENTRY)) for number in range(PEOPLE))
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    await publisher.publish([Outgoing(partition_of(who), who.encode(), message(fact, who)) for who, fact in facts])
    await publisher.stop()


async def _all_counted(system: RunningStack) -> bool:
    with connect(system.settings(Settings)) as client:
        query = "SELECT count(), countIf(outcome = 'counted') FROM {journal:Identifier} WHERE line = 0"
        return client.query(query, {"journal": LEDGER}).result_rows == [(PEOPLE, PEOPLE)]
