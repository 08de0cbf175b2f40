"""The history of a person fits in one message of the log, also where it is larger than a broker usually takes."""

from __future__ import annotations

import os

from shared.adapters.kafka.publisher import KafkaPublisher
from shared.adapters.kafka.reader import LogScan, extent
from shared.contracts.topics import FACTS, MERGED_PARTITION
from shared.ports import Outgoing


async def test_a_message_of_eight_megabytes_comes_through(kafka_address: str) -> None:
    publisher = KafkaPublisher(kafka_address)
    await publisher.start()
    value = os.urandom(8_000_000)
    try:
        start = (await extent(kafka_address, FACTS.name, MERGED_PARTITION)).end
        await publisher.publish(
            [Outgoing(MERGED_PARTITION, b"k1", b"before"), Outgoing(MERGED_PARTITION, b"k1", value)]
        )
        async with LogScan(kafka_address, FACTS.name, MERGED_PARTITION) as scan:
            end = await scan.end()
            last = (await scan.read(end - 1, most=1))[0]
    finally:
        await publisher.stop()
    assert end > start
    assert last.value == value
