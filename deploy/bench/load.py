"""Facts to measure with: a sample of the simulated country, so that histories have the length they have in use."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import islice

from deploy.demo.country.facts import generate
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.adapters.kafka.publisher import KafkaPublisher
from shared.adapters.kafka.reader import extent
from shared.contracts.topics import FACTS, PARTITIONS
from shared.ports import Outgoing
from shared.reference import catalogue

Line = tuple[str, bytes]
"""Who speaks, and one fact as JSON."""

SEED = 1
FACTS_OF_ALL = 600_000
"""About as many has the whole country."""
LATER = datetime(2100, 1, 1, tzinfo=UTC)
"""No simulated moment is ahead of this one."""
_SLICE = 5_000


def lines(count: int, mark: str = "") -> list[Line]:
    """About so many facts of whole lives, in the order of arrival; another mark makes them facts of other people."""
    sample = ((source, line) for source, line in generate(SEED, count / FACTS_OF_ALL) if source != "inpe")
    return [(source, marked(line, mark.encode())) for source, line in sample]


def marked(line: bytes, mark: bytes) -> bytes:
    """The same about other people; of many lines at once too. A marked number is no DNI any more."""
    others = line.replace(b'"document":"dni"', b'"document":"inpe"')
    return others.replace(b'"id":"', b'"id":"' + mark).replace(b'"number":"', b'"number":"' + mark)


def reference_lines() -> list[Line]:
    """What INPE says first: the establishments and their capacities."""
    first = islice(generate(SEED, 1_000 / FACTS_OF_ALL), 1_000)
    return [(source, line) for source, line in first if source == "inpe"]


def recorded(said: Sequence[Line], key: bytes) -> list[Outgoing]:
    """The same facts as the log of record keeps them, with tokens made by this key."""
    screen = Screen(catalogue.load(), Tokeniser(key))
    screened = [screen.screen(line, source, LATER) for source, line in said]
    accepted = [one for one in screened if isinstance(one, Outgoing)]
    if len(accepted) < len(said):
        raise ValueError(f"ingest would not accept {len(said) - len(accepted)} of {len(said)} simulated facts")
    return accepted


async def publish(kafka: str, messages: Sequence[Outgoing]) -> None:
    """Write these to the log of record."""
    publisher = KafkaPublisher(kafka)
    await publisher.start()
    try:
        for start in range(0, len(messages), _SLICE):
            await publisher.publish(messages[start : start + _SLICE])
    finally:
        await publisher.stop()


async def end_of_log(kafka: str) -> int:
    """How many records the log of record has."""
    found = await asyncio.gather(*(extent(kafka, FACTS.name, number) for number in range(PARTITIONS)))
    return sum(one.end for one in found)
