"""Who may ask: whoever bears the statistician's token. Everything is guarded but what is listed here."""

from __future__ import annotations

import hmac

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

OPEN = frozenset({("GET", "/health"), ("GET", "/"), ("GET", "/graphql"), ("HEAD", "/graphql")})
"""Health, and the page of GraphiQL: the page holds no figure, and asks for them with the token that its user gives."""
OPEN_FOLDER = "/graphiql/"
_REFUSAL = orjson.dumps(
    {
        "errors": [
            {
                "message": "send the header `Authorization: Bearer <token>` with the statistician's token "
                "(`make up` prints the local stack's)",
                "extensions": {"code": "UNAUTHENTICATED"},
            }
        ]
    }
)


class Guard:
    """ASGI middleware that lets through what is open, and whatever bears the token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401; a websocket is closed before it opens."""
        if scope["type"] == "lifespan" or self._may(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = Response(_REFUSAL, 401, {"WWW-Authenticate": "Bearer"}, "application/json")
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4401})

    def _may(self, scope: Scope) -> bool:
        if scope["type"] == "http":
            method, path = scope["method"], scope["path"]
            if (method, path) in OPEN or (method == "GET" and path.startswith(OPEN_FOLDER)):
                return True
        given = Headers(scope=scope).get("authorization", "")
        return hmac.compare_digest(given.encode(), self._expected)
