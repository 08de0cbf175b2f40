"""The Kafka door: `siep.inbound.v1`, keyed by the establishment that speaks."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Protocol

from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from services.ingest.handlers import Ingest
from shared.contracts.topics import INBOUND
from shared.ports import LogError, SlowDownError

log = logging.getLogger(__name__)

GROUP = "siep-ingest"
PAUSE_SECONDS = 1.0
CLOSE_SECONDS = 5.0


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
        session_timeout_ms=6_000,  # so long what was killed keeps its partitions from others
        heartbeat_interval_ms=1_000,
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


class Door(Protocol):
    """What can be opened and closed again, also when opening it failed half-way."""

    async def start(self) -> None:
        """Open."""
        ...

    async def stop(self) -> None:
        """Close."""
        ...


async def open_door(door: Door) -> None:
    """Return once messages are taken; what fails is tried again.

    The group lets nobody in before it knows that a member who was killed is gone: whoever can, goes on meanwhile.
    """
    while True:
        try:
            await door.start()
        except Exception as error:  # noqa: BLE001 - whatever it is, the other door stays open
            log.warning("the Kafka door did not open", extra={"why": type(error).__name__})
            await close_door(door)
            await asyncio.sleep(PAUSE_SECONDS)
        else:
            return


async def close_door(door: Door) -> None:
    """Close it, but not wait for a group that lets nobody in: what was not committed comes again."""
    try:
        await asyncio.wait_for(door.stop(), CLOSE_SECONDS)
    except TimeoutError:
        log.warning("the Kafka door did not close in time")


async def _raw(message: KafkaMessage) -> Any:
    return message.body


def _text(key: bytes | None) -> str | None:
    return key.decode(errors="replace") if key else None
