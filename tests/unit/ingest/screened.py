"""Screening as tests ask for it: an example, changed, and what becomes of it."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

from services.ingest.screening import Refusal, Screen
from services.ingest.tokens import Tokeniser
from shared.ports import Outgoing
from shared.reference.catalogue import load
from tests.contract.examples import accepted, one_line

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKENS = Tokeniser(b"k" * 32)
SCREEN = Screen(load(), TOKENS)


def screen(message: bytes, speaker: str | None = None) -> Outgoing | Refusal:
    return SCREEN.screen(message, speaker or json.loads(message).get("source"), NOW)


def taken(message: bytes) -> dict[str, Any]:
    result = screen(message)
    assert isinstance(result, Outgoing), result
    return json.loads(result.value)


def changed(name: str, **changes: Any) -> bytes:
    message = json.loads(accepted()[name])
    for path, value in changes.items():
        *way, last = path.split("__")
        node = message
        for step in way:
            node = node[int(step) if step.isdigit() else step]
        node[last] = copy.deepcopy(value)
    return one_line(message)
