"""The hand-written example messages, for every test that runs over them."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parents[2] / "shared/contracts/examples"

IDENTIFIERS = re.compile(
    r"0000 0017|0000001|0000002|0000003|0000004|0000005|CUI-9|SL-2026|-JR-PE-|00009-1993|00001-2026|alcaide|estadistica-07|XX-"
)
"""Documents of persons, and the names that establishments give to cases, children, supervisions, officials."""


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
