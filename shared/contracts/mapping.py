"""From the log of record to the domain and its histories: the one place where a message becomes a fact.

Ingest alone decides what is valid, so a message that does not decode here is our own fault: it raises
UndecodableError, and the partition stops.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import orjson

from shared.contracts.facts import DATA
from shared.domain.facts import Fact

QUARANTINED = "siep.quarantined.v1"
TICK = "siep.tick.v1"
_KINDS = {fact_type: fact_type.split(".")[1] for fact_type in DATA}


class UndecodableError(Exception):
    """A message of the log of record is not what ingest writes."""


class Message(NamedTuple):
    """A message of the log of record. `fact` is None for ticks and quarantine records."""

    source: str
    id: str
    subject: str
    type: str
    fact: Fact | None


def decode(value: bytes) -> Message:
    """The message that these bytes of `siep.facts.v1` hold. Raises UndecodableError."""
    try:
        raw = orjson.loads(value)
        fact_type = raw["type"]
        fact = None
        if fact_type in _KINDS:
            fact = Fact(
                raw["source"], raw["id"], _KINDS[fact_type], _milliseconds(raw["time"]), _told(fact_type, raw["data"])
            )
        elif fact_type not in (QUARANTINED, TICK):
            raise UndecodableError(f"unknown type [{fact_type}]")
        return Message(raw["source"], raw["id"], raw["subject"], fact_type, fact)
    except (ValueError, KeyError, TypeError) as error:
        raise UndecodableError(f"not a message of the log of record: {type(error).__name__}") from error


def _told(fact_type: str, data: dict[str, Any]) -> Mapping[str, Any]:
    """The data as the fold wants it: what an amendment puts in place is told like a fact."""
    if fact_type != "siep.amendment.v1":
        return data
    replacement = data["replacement"]
    told = {
        "kind": _KINDS[replacement["type"]],
        "at_ms": _milliseconds(replacement["time"]),
        "data": replacement["data"],
    }
    return {**data, "replacement": told}


def _milliseconds(time: str) -> int:
    # round, because a float second times 1000 is just below the millisecond it means
    return round(datetime.fromisoformat(time).timestamp() * 1000)
