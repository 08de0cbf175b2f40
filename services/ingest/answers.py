"""What HTTP says back: the receipt of a request, or a problem (RFC 9457) that concerns all of it."""

from __future__ import annotations

from typing import Any, Literal

import orjson
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.ingest.handlers import Receipt

PROBLEM_JSON = "application/problem+json"
PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


class RefusedLineAnswer(BaseModel):
    """A line that was not accepted. What was sent is never repeated: only where, what was expected, and a code."""

    line: int = Field(description="number of the line, or of the item of a batch, from 1")
    outcome: Literal["quarantined", "rejected"]
    field: str = Field(description="path such as data.cases.0.case; empty for the whole message")
    code: str
    expected: str = Field(description="in words; if more than this field is wrong, the next faults are told here too")


class ReceiptAnswer(BaseModel):
    """What became of each line that was read."""

    accepted: int
    quarantined: int = Field(
        description="recorded with their identity but not counted: correct them and send them again"
    )
    rejected: int = Field(description="not recorded: nothing is known of them but this answer")
    refused: list[RefusedLineAnswer] = Field(max_length=1_000, description="the lines that were not accepted")
    resume_from_line: int | None = Field(
        description="reading stopped before this line: correct what is listed and send from here; null if all was read"
    )


class Problem(BaseModel):
    """Why a request was not taken as a whole."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    receipt: ReceiptAnswer | None = Field(None, description="what was recorded before the log stopped answering")


def receipt(taken: Receipt) -> Response:
    """202 if every line was accepted, else 207."""
    complete = not taken.refused and taken.resume_from is None
    return Response(orjson.dumps(_described(taken)), 202 if complete else 207, media_type="application/json")


def problem(
    status: int, title: str, detail: str, headers: dict[str, str] | None = None, taken: Receipt | None = None
) -> Response:
    """An answer that concerns the whole request; with what was recorded before it, if anything was."""
    content: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if taken:
        content["receipt"] = _described(taken)
    return Response(orjson.dumps(content), status, headers, media_type=PROBLEM_JSON)


def unknown_key() -> Response:
    """401: nobody has this key."""
    headers = {"WWW-Authenticate": "Bearer"}
    return problem(401, "Unknown key", "send Authorization: Bearer <your establishment's key>", headers)


def _described(taken: Receipt) -> dict[str, Any]:
    return {
        "accepted": taken.accepted,
        "quarantined": taken.count("quarantined"),
        "rejected": taken.count("rejected"),
        "refused": [
            {"line": line, "outcome": refusal.outcome, **refusal.fault._asdict()} for line, refusal in taken.refused
        ],
        "resume_from_line": taken.resume_from,
    }
