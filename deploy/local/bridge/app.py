"""ClickHouse's HTTP interface: who may ask, what goes into the headers, how an error is told."""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, closing, suppress
from dataclasses import dataclass
from functools import partial

import anyio
from anyio import from_thread, to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from deploy.local.bridge.engine import Answer, Engine
from deploy.local.bridge.request import BadRequestError, Call, read

_WORKERS = 8
_AUTHENTICATION_FAILED, _UNKNOWN_EXCEPTION = 516, 1002
_ENGINE_ERROR = re.compile(r"Code: (\d+)\. .*", re.DOTALL)


@dataclass(frozen=True)
class Failure:
    """How a call ended if it did not end well; `code` is ClickHouse's number of the error."""

    text: str
    code: int


Piece = Answer | bytes | Failure


@dataclass(frozen=True)
class Account:
    """The one user of the bridge."""

    user: str
    password: str

    def admits(self, request: Request) -> bool:
        """Compare what the request says of itself: basic authentication, headers or fields of the URL."""
        user, password = _credentials(request)
        known = hmac.compare_digest(user, self.user.encode())
        return hmac.compare_digest(password, self.password.encode()) and known


class Query:
    """The endpoint `/`: one thread runs the call from its start to its end, the response follows it."""

    def __init__(self, engine: Engine, account: Account) -> None:
        self._engine = engine
        self._account = account
        self._workers = anyio.CapacityLimiter(_WORKERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        request = Request(scope, receive)
        headers = {
            "X-ClickHouse-Query-Id": request.query_params.get("query_id") or secrets.token_hex(16),
            "X-ClickHouse-Timezone": request.query_params.get("session_timezone") or self._engine.timezone,
        }
        if not self._account.admits(request):
            text = "Authentication failed: password is incorrect, or there is no user with such name"
            failure = Failure(_like_the_engine(text, _AUTHENTICATION_FAILED), _AUTHENTICATION_FAILED)
            return await _refusal(failure, headers, 403)(scope, receive, send)
        try:
            call = await read(request)
        except ClientDisconnect:
            return None
        return await self._answer(call, headers, scope, receive, send)

    async def _answer(self, call: Call, headers: dict[str, str], scope: Scope, receive: Receive, send: Send) -> None:
        to_response, pieces = anyio.create_memory_object_stream[Piece](1)
        async with anyio.create_task_group() as group:
            group.start_soon(partial(to_thread.run_sync, limiter=self._workers), self._work, call, to_response)
            with pieces:  # closed early if the client goes away: the thread sees it with its next piece and ends
                response = await _response(pieces, headers)
                await response(scope, receive, send)

    def _work(self, call: Call, to_response: MemoryObjectSendStream[Piece]) -> None:
        """In a worker thread, which alone touches the connection and its stream."""
        with suppress(anyio.BrokenResourceError):  # raised where the client has gone
            try:
                with closing(self._engine.run(call)) as pieces:
                    for piece in pieces:
                        from_thread.run(to_response.send, piece)
            except anyio.BrokenResourceError:
                raise
            except Exception as error:  # noqa: BLE001 - whatever it is, the client is told
                from_thread.run(to_response.send, _failure(error))
        from_thread.run_sync(to_response.close)


def application(engine: Engine, account: Account) -> Starlette:
    """The bridge as an ASGI application; it closes the engine when it stops."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        engine.close()

    routes = [Route("/ping", _ping), Route("/", Query(engine, account))]
    return Starlette(routes=routes, lifespan=lifespan)


async def _ping(_: Request) -> Response:
    return PlainTextResponse("Ok.\n")


async def _response(pieces: MemoryObjectReceiveStream[Piece], headers: dict[str, str]) -> Response:
    """Wait for the second piece, or the end: a small answer, or an early error, is then a response of its own.

    The end comes once the connection is given back, so a session is free before its client can ask again.
    """
    first = await anext(pieces)
    second = await anext(pieces, None)
    for piece in (first, second):
        if isinstance(piece, Failure):
            return _refusal(piece, headers, 500)
    assert isinstance(first, Answer), "the first piece is an answer or a failure"
    headers["X-ClickHouse-Summary"] = json.dumps(first.summary)
    if first.format:  # clickhouse-connect reads it as "there is a result set"
        headers["X-ClickHouse-Format"] = first.format
    if not isinstance(second, bytes):
        return Response(first.body, headers=headers, media_type="text/plain")
    tag = headers["X-ClickHouse-Exception-Tag"] = secrets.token_hex(8)
    body = _body((first.body, second), pieces, tag)
    return StreamingResponse(body, headers=headers, media_type="application/octet-stream")


async def _body(begun: Iterable[bytes], pieces: MemoryObjectReceiveStream[Piece], tag: str) -> AsyncIterator[bytes]:
    for piece in begun:
        yield piece
    async for late in pieces:
        if isinstance(late, Failure):
            yield _trailer(late.text.encode(), tag.encode())
        elif isinstance(late, bytes):
            yield late


def _trailer(text: bytes, tag: bytes) -> bytes:
    """How ClickHouse (since 25.11) tells an error in an answer that had begun well."""
    size = str(len(text)).encode()
    return b"\r\n__exception__\r\n" + tag + b"\r\n" + text + b"\n" + size + b" " + tag + b"\r\n__exception__\r\n"


def _refusal(failure: Failure, headers: dict[str, str], status: int) -> Response:
    headers = {**headers, "X-ClickHouse-Exception-Code": str(failure.code)}
    return PlainTextResponse(failure.text + "\n", status, headers)


def _failure(error: Exception) -> Failure:
    if isinstance(error, BadRequestError):
        return Failure(_like_the_engine(str(error), error.code), error.code)
    if told := _ENGINE_ERROR.search(str(error)):
        return Failure(told[0], int(told[1]))
    return Failure(_like_the_engine(repr(error), _UNKNOWN_EXCEPTION), _UNKNOWN_EXCEPTION)


def _like_the_engine(text: str, code: int) -> str:
    return f"Code: {code}. DB::Exception: {text}"


def _credentials(request: Request) -> tuple[bytes, bytes]:
    headers, params = request.headers, request.query_params
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        with suppress(ValueError):
            user, _, password = base64.b64decode(token, validate=True).partition(b":")
            return user, password
    if "x-clickhouse-user" in headers:  # Starlette reads the bytes of a header as Latin-1
        return headers["x-clickhouse-user"].encode("latin-1"), headers.get("x-clickhouse-key", "").encode("latin-1")
    return params.get("user", "default").encode(), params.get("password", "").encode()
