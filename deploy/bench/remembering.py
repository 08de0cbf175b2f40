"""ClickHouse as somebody remembers it: `python -m deploy.bench.remembering PORT ENGINE` asks it each question once.

Before it the gateway is as busy as its clients keep it, and no engine works on the same cores.
"""

from __future__ import annotations

import sys
from collections.abc import Hashable

import httpx
import uvicorn
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_PATIENCE_SECONDS = 60.0
_OF_ONE_CONNECTION = frozenset({"connection", "content-encoding", "content-length", "transfer-encoding"})


def remembering(engine: httpx.AsyncClient) -> ASGIApp:
    """Says what the engine said to the same question; the id that a client gives each query is not part of it."""
    answers: dict[Hashable, Response] = {}

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        parameters = frozenset(pair for pair in request.query_params.multi_items() if pair[0] != "query_id")
        asked = (request.url.path, parameters, body := await request.body())
        if asked not in answers:
            answers[asked] = await _answer(engine, request, body)
        await answers[asked](scope, receive, send)

    return app


async def _answer(engine: httpx.AsyncClient, request: Request, body: bytes) -> Response:
    headers = {name: said for name, said in request.headers.items() if name not in _OF_ONE_CONNECTION | {"host"}}
    address = f"{request.url.path}?{request.url.query}"
    said = await engine.request(request.method, address, headers=headers, content=body)
    told = {name: text for name, text in said.headers.items() if name not in _OF_ONE_CONNECTION | {"date", "server"}}
    return Response(said.content, said.status_code, told)


def main(port: int, engine: str) -> None:
    """Answer on this port until somebody ends it."""
    client = httpx.AsyncClient(base_url=engine, timeout=_PATIENCE_SECONDS, trust_env=False)
    uvicorn.run(remembering(client), port=port, lifespan="off", log_level="warning")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
