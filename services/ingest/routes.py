"""The HTTP door: `POST /v1/facts` and `/health`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from services.ingest import answers, ndjson
from services.ingest.answers import PROBLEM, PROBLEM_JSON, ReceiptAnswer
from services.ingest.faults import MAX_FACT_BYTES
from services.ingest.flooding import BLOCKED, LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import BlockedError, BrokenOffError, Ingest, Piece, Receipt
from services.ingest.room import Room
from shared.ports import Publisher, SlowDownError
from shared.runtime.keys import Keyring

EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = "application/x-ndjson"
MAX_BATCH_BYTES = 8 * 1024 * 1024
MOST_HELD = {EVENT: MAX_FACT_BYTES, BATCH: MAX_BATCH_BYTES, NDJSON: ndjson.PIECE_BYTES + MAX_FACT_BYTES}
"""Bytes of one request that are in memory at once, by its form."""
RETRY_SECONDS = {429: "1", 503: "5"}
_PROBLEMS = {
    400: "not a JSON object, or the batch is not a JSON array",
    401: "no key, or a key that nobody has",
    403: f"blocked: more than {LIMIT} bad messages within {WINDOW.seconds // 60} minutes; INPE releases",
    413: f"more than {MAX_FACT_BYTES} bytes for one fact or {MAX_BATCH_BYTES} for a batch",
    415: f"not {EVENT}, {BATCH} or {NDJSON} in plain form",
    429: "too much is under way; wait as Retry-After says",
    503: "the log does not answer; wait as Retry-After says, then send again: nothing counts twice",
}

_RESPONSES: dict[int | str, dict[str, Any]] = {
    202: {"model": ReceiptAnswer, "description": "every line was accepted, and the broker has it"},
    207: {"model": ReceiptAnswer, "description": "some lines were not accepted, or not read"},
    **{status: {"content": {PROBLEM_JSON: PROBLEM}, "description": what} for status, what in _PROBLEMS.items()},
}
REQUEST = {
    "security": [{"key": []}],
    "requestBody": {
        "required": True,
        "content": {
            EVENT: {"schema": {"$ref": "#/components/schemas/Fact"}},
            BATCH: {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Fact"}}},
            NDJSON: {"schema": {"type": "string", "description": "one Fact per line; any number of lines"}},
        },
    },
}


class TooLargeError(Exception):
    """A body is larger than its kind may be."""


def http_door(
    ingest: Ingest, keyring: Keyring, publisher: Publisher, flood: FloodGuard, room: Room | None = None
) -> APIRouter:
    """The routes of ingest."""
    router = APIRouter()
    room = room or Room()

    async def post_facts(request: Request) -> Response:
        """Take facts: one event, a batch, or any number of them as one line of JSON each.

        202 when every line was accepted and the broker has it, 207 when some were not: each of those is listed with
        its field, what was expected, and a code. Sending the same facts again is safe: nothing counts twice.
        """
        speaker = keyring.owner(request.headers.get("authorization"))
        if speaker is None:
            return answers.unknown_key()
        return await _taken(ingest, request, speaker, room)

    # The first answers, the second describes: FastAPI's own route takes 55 us more of a request's 200.
    router.add_route("/v1/facts", post_facts, methods=["POST"], include_in_schema=False)
    router.add_api_route(
        "/v1/facts",
        post_facts,
        methods=["POST"],
        status_code=202,
        response_model=None,
        responses=_RESPONSES,
        openapi_extra=REQUEST,
    )

    @router.get("/health", response_model=None)
    async def health() -> Response:
        """200 when facts can be taken, 503 when the log does not answer; and how many sources are blocked."""
        ready = await publisher.ready()
        told = orjson.dumps({"ready": ready, "blocked": len(flood.blocked)})
        return Response(told, 200 if ready else 503, media_type="application/json")

    return router


async def _taken(ingest: Ingest, request: Request, speaker: str, room: Room) -> Response:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    readers = {EVENT: _event, BATCH: _batch, NDJSON: _lines}
    if kind not in readers or request.headers.get("content-encoding", "identity") != "identity":
        return answers.problem(415, "Unknown form", f"send {', '.join(readers)}, not compressed")
    try:
        with room.hold(speaker, _held(request, MOST_HELD[kind])):
            return answers.receipt(await ingest.receive(readers[kind](request), speaker))
    except SlowDownError:
        return _come_again(429, Receipt(resume_from=1))
    except TooLargeError as error:
        return answers.problem(413, "Too large", str(error))
    except orjson.JSONDecodeError:
        return answers.problem(400, "Unreadable", f"{EVENT} is one JSON object, {BATCH} an array of them")
    except ClientDisconnect:
        return answers.problem(
            400, "Broken off", "the request ended early: what came before may be recorded; send it again"
        )
    except BlockedError as error:
        return answers.problem(403, "Blocked", BLOCKED.expected, taken=error.receipt)
    except BrokenOffError as error:
        return _come_again(429 if isinstance(error.__cause__, SlowDownError) else 503, error.receipt)


def _come_again(status: int, receipt: Receipt) -> Response:
    title = "Slow down" if status == 429 else "The log does not answer"
    detail = f"send again from line {receipt.resume_from} after the pause of Retry-After: nothing counts twice"
    return answers.problem(status, title, detail, {"Retry-After": RETRY_SECONDS[status]}, receipt)


def _held(request: Request, most: int) -> int:
    """How many bytes of this request may be in memory at once; the server lets no body be longer than it said."""
    said = request.headers.get("content-length", "")
    return min(int(said), most) if said.isdecimal() else most


async def _event(request: Request) -> AsyncIterator[Piece]:
    body = await _body(request, MAX_FACT_BYTES)
    if not body or body.isspace():
        raise orjson.JSONDecodeError("empty", "", 0)
    yield Piece(1, [body])


async def _batch(request: Request) -> AsyncIterator[Piece]:
    items = orjson.loads(await _body(request, MAX_BATCH_BYTES))
    if not isinstance(items, list):
        raise orjson.JSONDecodeError("not an array", "", 0)
    for start in range(0, len(items), 500):
        yield Piece(start + 1, [orjson.dumps(item) for item in items[start : start + 500]])


async def _lines(request: Request) -> AsyncIterator[Piece]:
    async for piece in ndjson.pieces(request.stream()):
        yield piece


async def _body(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise TooLargeError(f"at most {most} bytes; {NDJSON} has no limit")
    return bytes(body)
