"""The hand-written example messages, for every test that runs over them."""

import json
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "shared/contracts/examples"


class Refused(NamedTuple):
    """A message that must not be accepted, and what must be said about it."""

    outcome: str
    field: str
    code: str
    message: bytes


def accepted() -> dict[str, bytes]:
    """Messages that must be accepted, by `<fact>/<name>`."""
    files = sorted(file for file in FOLDER.glob("*/*.json") if file.parent.name != "refused")
    return {f"{file.parent.name}/{file.stem}": one_line(json.loads(file.read_text(encoding="utf-8"))) for file in files}


def refused() -> dict[str, Refused]:
    """Messages that must be quarantined or rejected, by name."""
    texts = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("refused/*.json"))}
    return {name: Refused(**text["expected"], message=one_line(text["message"])) for name, text in texts.items()}


def one_line(message: dict[str, Any]) -> bytes:
    """The message as a line of NDJSON."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
