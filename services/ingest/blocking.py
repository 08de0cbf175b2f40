"""Who is blocked, over HTTP: INPE's key sees it and releases."""

from __future__ import annotations

from typing import Any

import orjson
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from services.ingest import answers
from services.ingest.answers import PROBLEM, PROBLEM_JSON
from services.ingest.flooding import FloodGuard
from services.ingest.screening import INPE
from shared.ports import BlocksError
from shared.runtime.clock import Clock
from shared.runtime.keys import Keyring

_PROBLEMS = {
    401: "no key, or a key that nobody has",
    403: "not the key of inpe",
    404: "this source is not blocked",
    503: "the store of blocks does not answer",
}


class BlocksAnswer(BaseModel):
    """Who is blocked."""

    blocked: dict[str, str] = Field(description="source -> since when, ISO in UTC")


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"model": BlocksAnswer, "description": "who is blocked (still)"},
    **{status: {"content": {PROBLEM_JSON: PROBLEM}, "description": what} for status, what in _PROBLEMS.items()},
}
_SECURED: dict[str, Any] = {"security": [{"key": []}]}


def block_routes(keyring: Keyring, flood: FloodGuard, clock: Clock) -> APIRouter:
    """What INPE may see and do about sources that were blocked."""
    router = APIRouter()

    @router.get("/v1/blocks", response_model=None, responses=_RESPONSES, openapi_extra=_SECURED)
    async def blocks(request: Request) -> Response:
        """Which sources are blocked for a flood of bad messages."""
        return _refused(request, keyring) or await _listed(flood)

    @router.delete("/v1/blocks/{source}", response_model=None, responses=_RESPONSES, openapi_extra=_SECURED)
    async def release(request: Request, source: str) -> Response:
        """Take facts from this source again."""
        refusal = _refused(request, keyring)
        if refusal:
            return refusal
        try:
            released = await flood.release(source, clock.now())
        except BlocksError:
            return _away()
        if not released:
            return answers.problem(404, "Not blocked", "source: one of those that GET /v1/blocks lists")
        return await _listed(flood)

    return router


def _refused(request: Request, keyring: Keyring) -> Response | None:
    speaker = keyring.owner(request.headers.get("authorization"))
    if speaker is None:
        return answers.unknown_key()
    return None if speaker == INPE else answers.problem(403, "Not yours", "this needs the key of inpe")


async def _listed(flood: FloodGuard) -> Response:
    try:
        await flood.refresh()
    except BlocksError:
        return _away()
    return Response(orjson.dumps({"blocked": flood.blocked}), media_type="application/json")


def _away() -> Response:
    return answers.problem(503, "The store of blocks does not answer", "ask again in a moment", {"Retry-After": "5"})
