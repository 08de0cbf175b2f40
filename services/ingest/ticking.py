"""Tells every partition what time it is, so that a silent one does not keep figures from becoming final."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime

import orjson

from shared.contracts.facts import TICK
from shared.contracts.topics import PARTITIONS
from shared.ports import LogError, Outgoing, Publisher, SlowDownError
from shared.runtime.clock import Clock

SUBJECT = "tick"
EVERY_SECONDS = 3_600.0


def ticks(now: datetime) -> list[Outgoing]:
    """One tick for each partition."""
    return [Outgoing(partition, SUBJECT.encode(), _tick(partition, now)) for partition in range(PARTITIONS)]


def _tick(partition: int, now: datetime) -> bytes:
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": f"tick-{partition}-{now:%Y%m%dT%H%M%S}",
            "source": "ingest",
            "type": TICK,
            "time": now,
            "datacontenttype": "application/json",
            "subject": SUBJECT,
            "data": {"partition": partition},
        }
    )


async def tick_for_ever(publisher: Publisher, clock: Clock, every_seconds: float = EVERY_SECONDS) -> None:
    """Tick at once and then each hour, until cancelled; a tick that does not get through is left out."""
    while True:
        try:
            await publisher.publish(ticks(clock.now()))
        except (LogError, SlowDownError):
            logging.getLogger(__name__).warning("no tick: the log does not answer")
        await asyncio.sleep(every_seconds)
