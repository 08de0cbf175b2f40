"""Builders of the log of record: messages as ingest writes them, records as the broker gives them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import orjson

from shared.domain.facts import Fact
from shared.ports import Record

APPENDED_MS = int(datetime(2026, 1, 10, 15, tzinfo=UTC).timestamp() * 1000)


def token(number: int) -> str:
    """The token of an invented person."""
    return f"k1:{number:064x}"


def message(fact: Fact, subject: str) -> bytes:
    """A fact as it stands in the log of record."""
    return orjson.dumps(
        {
            "specversion": "1.0",
            "id": fact.id,
            "source": fact.source,
            "type": f"siep.{fact.kind}.v1",
            "time": _iso(fact.at_ms),
            "subject": subject,
            "data": _data(fact),
        }
    )


def _data(fact: Fact) -> dict[str, Any]:
    if fact.kind != "amendment":
        return dict(fact.data)
    replacement = fact.data["replacement"]
    said = {"type": f"siep.{replacement['kind']}.v1", "time": _iso(replacement["at_ms"]), "data": replacement["data"]}
    return {**fact.data, "replacement": said}


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat()


def tick(number: int) -> bytes:
    """A tick as it stands in the log of record."""
    return orjson.dumps(
        {"specversion": "1.0", "id": f"tick-{number}", "source": "siep", "type": "siep.tick.v1", "subject": "tick",
         "time": "2026-01-10T15:00:00+00:00", "data": {"partition": 0}}
    )  # fmt: skip


def quarantined(number: int) -> bytes:
    """The record of a message that was quarantined, as it stands in the log of record."""
    return orjson.dumps(
        {"specversion": "1.0", "id": f"quarantined-{number}", "source": "ep-001", "type": "siep.quarantined.v1",
         "subject": token(number), "time": "2026-01-10T15:00:00+00:00", "data": {"code": "unknown-code"}}
    )  # fmt: skip


def records(values: Iterable[bytes], *, start: int = 0, appended_ms: int = APPENDED_MS) -> list[Record]:
    """These messages at consecutive offsets, a second apart."""
    return [Record(start + i, appended_ms + i * 1000, value) for i, value in enumerate(values)]
