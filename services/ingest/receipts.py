"""What became of what was sent, over HTTP: each speaker asks about what it said itself.

Facts are taken while the journal is away; only these questions wait for it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.responses import Response

from services.ingest import answers
from services.ingest.answers import PROBLEM, PROBLEM_JSON
from shared.contracts.receipts import FactFate, Quarantine, Receipts
from shared.contracts.terms import Identifier
from shared.ports import JournalError, ReceiptBook
from shared.runtime.keys import Keyring

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_PROBLEMS = {
    400: "an id or a day that cannot be; the detail names it",
    401: "no key, or a key that nobody has",
    503: "the journal does not answer; facts are taken all the same",
}
_RESPONSES: dict[int | str, dict[str, Any]] = {
    status: {"content": {PROBLEM_JSON: PROBLEM}, "description": what} for status, what in _PROBLEMS.items()
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 128}}
_DAYS = [
    {
        "name": name,
        "in": "query",
        "required": True,
        "description": f"{what} of a period of days in Lima, by when records were recorded",
        "schema": {"type": "string", "format": "date"},
    }
    for name, what in (("from", "the first day"), ("to", "the day after the last"))
]


class AskedWronglyError(Exception):
    """The question cannot be; the text names the field and says what was expected."""


def receipt_routes(keyring: Keyring, book: ReceiptBook) -> APIRouter:
    """The questions that a speaker may ask about its own facts."""
    router = APIRouter()

    def question(path: str, model: type[BaseModel], parameters: list[dict[str, Any]]) -> Callable[..., Any]:
        extra = {"security": [{"key": []}], "parameters": parameters}
        described: dict[int | str, dict[str, Any]] = {200: {"model": model}, **_RESPONSES}
        return router.get(path, response_model=None, responses=described, openapi_extra=extra)

    @question("/v1/facts/{id:path}", FactFate, [_ID])
    async def fate(request: Request) -> Response:
        """What became of an id of yours: every record that bears it, and how far the log was consumed."""
        return await _answer(request, keyring, lambda speaker: book.fate(_id(request), speaker))

    @question("/v1/receipts", Receipts, _DAYS)
    async def receipts(request: Request) -> Response:
        """Your closing sums by recorded day: sent = counted + duplicate + quarantined + difference."""
        return await _answer(request, keyring, lambda speaker: book.sums(*_days(request), speaker))

    @question("/v1/quarantine", Quarantine, _DAYS)
    async def quarantine(request: Request) -> Response:
        """What of yours was quarantined, why, and what resolved it. Correct it and send it again with the same id."""
        return await _answer(request, keyring, lambda speaker: book.quarantine(*_days(request), speaker))

    return router


async def _answer(request: Request, keyring: Keyring, ask: Callable[[str], Awaitable[BaseModel]]) -> Response:
    speaker = keyring.owner(request.headers.get("authorization"))
    if speaker is None:
        return answers.unknown_key()
    try:
        told = await ask(speaker)
    except AskedWronglyError as error:
        return answers.problem(400, "Cannot be asked", str(error))
    except JournalError:
        detail = "receipts are told by the journal: ask again after the pause of Retry-After; facts are taken meanwhile"
        return answers.problem(503, "The journal does not answer", detail, {"Retry-After": "5"})
    return Response(told.model_dump_json(), media_type="application/json")


def _id(request: Request) -> str:
    try:
        return _IDENTIFIER.validate_python(request.path_params["id"])
    except ValidationError:
        raise AskedWronglyError("id: 1 to 128 printable characters of ASCII without blanks") from None


def _days(request: Request) -> tuple[date, date]:
    first, end = (_day(request, name) for name in ("from", "to"))
    if first >= end:
        raise AskedWronglyError("from: a day before `to`, which is not part of the period")
    return first, end


def _day(request: Request, name: str) -> date:
    try:
        return date.fromisoformat(request.query_params.get(name, ""))
    except ValueError:
        raise AskedWronglyError(f"{name}: a day as in ?{name}=2026-01-31") from None
