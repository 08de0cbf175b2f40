"""A member of the group that gets no answer from it joins it anew, and follows its partitions again."""

from __future__ import annotations

import asyncio

import pytest

from shared.adapters.kafka.reader import KafkaLogEnds, LogReader
from shared.contracts.topics import FACTS, PARTITIONS
from shared.ports import LogError
from tests.support.waiting import until


def closed(_message: bytes) -> None:
    raise RuntimeError("unable to perform operation on a transport; the handler is closed")


async def test_a_connection_that_is_closed_already_is_an_error_of_kafka(kafka_address: str) -> None:
    """As uvloop tells it when a broker was killed; unmended, the client's task that looks for brokers died of it."""
    ends = KafkaLogEnds(kafka_address)
    assert await ends.ends()
    assert ends._consumer is not None
    client = ends._consumer._client
    for connection in client._conns.values():
        connection._writer.write = closed
    assert await asyncio.wait_for(client.force_metadata_update(), 10) in (True, False)
    assert not client._sync_task.done()
    assert await ends.ends()
    await ends.aclose()


async def test_whose_group_never_answers_joins_it_anew(kafka_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    held: list[set[int]] = []

    async def assigned(partitions: set[int]) -> None:
        held.append(partitions)

    async def revoked(partitions: set[int]) -> None:
        if partitions:
            assert held.pop() == partitions

    async def all_is_ours() -> bool:
        return held == [set(range(PARTITIONS))]

    async def never(_offsets: object) -> None:
        await asyncio.Event().wait()

    reader = LogReader(kafka_address, FACTS.name, "joins-anew", patience_seconds=1)
    await reader.start(assigned, revoked)
    await until(all_is_ours, "the group gives everything to its only member")
    first = reader._consumer
    monkeypatch.setattr(first, "commit", never)
    both = await asyncio.gather(reader.report(0, 0), reader.report(1, 0), return_exceptions=True)
    assert [type(one) for one in both] == [LogError, LogError]
    await until(all_is_ours, "it has everything again, once", seconds=30)
    assert reader._consumer is not first
    await reader.report(0, 0)
    await reader.stop()
