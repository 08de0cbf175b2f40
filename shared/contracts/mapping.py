"""From the log of record to the domain and its histories: the one place where a message becomes a fact.

Ingest alone decides what is valid, so a message that does not decode here is our own fault: it raises
UndecodableError, and the partition stops.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson

from shared.contracts.facts import DATA, MERGE_NOTICE, MOVED
from shared.domain.facts import Fact

QUARANTINED = "siep.quarantined.v1"
TICK = "siep.tick.v1"
AGGREGATORS = "siep"
"""The source of what aggregators tell each other."""
_KINDS = {fact_type: fact_type.split(".")[1] for fact_type in (*DATA, MOVED, MERGE_NOTICE)}


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
    """The data as the fold wants it: what an amendment puts in place, and what was moved, is told like a fact."""
    if fact_type == MOVED:
        return {"facts": [_moved(told) for told in data["facts"]]}
    if fact_type != "siep.amendment.v1":
        return data
    replacement = data["replacement"]
    told = {
        "kind": _KINDS[replacement["type"]],
        "at_ms": _milliseconds(replacement["time"]),
        "data": replacement["data"],
    }
    return {**data, "replacement": told}


def _moved(told: dict[str, Any]) -> list[Any]:
    """The fields of a fact; as a list, since that is what a store of histories gives back."""
    fact_type = told["type"]
    return [told["source"], told["id"], _KINDS[fact_type], _milliseconds(told["time"]), _told(fact_type, told["data"])]


def moved(origin: str, subject: str, recorded_at_ms: int, payloads: Iterable[bytes]) -> bytes:
    """The message that carries these recorded facts of a token to the partition of merged persons."""
    said = (orjson.loads(payload) for payload in payloads)
    facts = [{name: one[name] for name in ("source", "id", "type", "time", "data")} for one in said]
    return _of_aggregators(MOVED, origin, subject, recorded_at_ms, {"facts": facts})


def merge_notice(origin: str, subject: str, recorded_at_ms: int, other: str) -> bytes:
    """The message that tells a token that a merge filed under another names it."""
    return _of_aggregators(MERGE_NOTICE, origin, subject, recorded_at_ms, {"other": other})


def _of_aggregators(fact_type: str, origin: str, subject: str, recorded_at_ms: int, data: dict[str, Any]) -> bytes:
    recorded_at = datetime.fromtimestamp(recorded_at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    said = {"specversion": "1.0", "id": origin, "source": AGGREGATORS, "type": fact_type, "time": recorded_at}
    return orjson.dumps({**said, "datacontenttype": "application/json", "subject": subject, "data": data})


def _milliseconds(time: str) -> int:
    # round, because a float second times 1000 is just below the millisecond it means
    return round(datetime.fromisoformat(time).timestamp() * 1000)
