"""Every topic of the system, one row each: the only place a topic is named."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

PARTITIONS = 9
"""For ever: 0-7 by the key's hash, 8 for merged persons (DESIGN §4.3)."""
HASHED_PARTITIONS = 8
MERGED_PARTITION = 8


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic and what its readers may rely on. `retention_days` None means for ever."""

    name: str
    key: str
    partitions: int
    retention_days: int | None
    producer: str
    consumer: str
    description: str
    message_bytes_max: int | None = None


MESSAGE_BYTES_MAX = 16 * 1024 * 1024
"""Of the log of record: the whole history of a person travels in one message when a merge names it."""

INBOUND = Topic(
    name="siep.inbound.v1",
    key="establishment code",
    partitions=8,
    retention_days=7,
    producer="establishments",
    consumer="ingest",
    description="Facts as establishments send them, with documents of persons: short-lived and restricted.",
)
FACTS = Topic(
    name="siep.facts.v1",
    key="person token; establishment code for facts about establishments",
    partitions=PARTITIONS,
    retention_days=None,
    producer="ingest",
    consumer="aggregator",
    description="The log of record: accepted facts and quarantine records, tokenised, LogAppendTime, kept for ever.",
    message_bytes_max=MESSAGE_BYTES_MAX,
)
DEAD_LETTER = Topic(
    name="siep.dead-letter.v1",
    key="establishment code",
    partitions=1,
    retention_days=7,
    producer="ingest",
    consumer="operators",
    description="What was rejected or quarantined, as it came, with the reason: short-lived and restricted.",
)
TOPICS = (INBOUND, FACTS, DEAD_LETTER)


def partition_of(key: str) -> int:
    """The partition of the facts topic that holds everything keyed by `key`, the same in every producer.

    A person token (`k1:` + 64 hex digits) counts by its first eight bytes, any other key (an establishment)
    by the SHA-256 of its code. Client libraries hash differently, so none of their partitioners is used.
    """
    digits = key[3:19] if key.startswith("k1:") else hashlib.sha256(key.encode()).hexdigest()[:16]
    return int(digits, 16) % HASHED_PARTITIONS
