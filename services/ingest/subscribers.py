"""The Kafka door: `siep.inbound.v1`, keyed by the establishment that speaks."""

from __future__ import annotations

import asyncio
from typing import Any

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from services.ingest.handlers import Ingest
from shared.contracts.topics import INBOUND
from shared.ports import LogError, SlowDownError

GROUP = "siep-ingest"
PAUSE_SECONDS = 1.0


def kafka_door(servers: str, ingest: Ingest) -> KafkaBroker:
    """A broker that hands every message of the topic to ingest; offsets are committed once the log has them.

    FastStream's own log lines are off: they would quote messages.
    """
    broker = KafkaBroker(servers, logger=None)

    @broker.subscriber(
        INBOUND.name,
        batch=True,
        max_records=1_000,
        group_id=GROUP,
        auto_offset_reset="earliest",
        ack_policy=AckPolicy.NACK_ON_ERROR,
        decoder=_raw,
    )
    async def inbound(_: list[Any], message: KafkaMessage) -> None:
        records = message.raw_message if isinstance(message.raw_message, tuple) else (message.raw_message,)
        try:
            await ingest.take_from_topic([(_text(record.key), record.value or b"") for record in records])
        except (LogError, SlowDownError):
            await asyncio.sleep(PAUSE_SECONDS)  # the same messages come again at once
            raise

    return broker


async def _raw(message: KafkaMessage) -> Any:
    return message.body


def _text(key: bytes | None) -> str | None:
    return key.decode(errors="replace") if key else None
