"""Who may pass: statisticians everywhere, establishments to the schema alone, everybody to what is listed here.

What an establishment may ask of the schema is said by each field: `services.gateway.schema.access`.
"""

from __future__ import annotations

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from services.gateway.callers import Callers, Role

OPEN = frozenset({("GET", "/health"), ("GET", "/"), ("GET", "/graphql")})
"""Health, and the page of GraphiQL: the page holds no figure, and asks for them with the token that its user gives."""
OPEN_FOLDER = "/graphiql/"
FOR_ESTABLISHMENTS = ("POST", "/graphql")
_UNKNOWN = (
    "send the header `Authorization: Bearer <token>` with the statistician's token "
    "(`make up` prints the local stack's) or the key of an establishment; INPE's key tells facts and asks nothing"
)
_FORBIDDEN = "this address needs the role statistician; the key of an establishment opens POST /graphql"


def _refusal(code: str, message: str) -> bytes:
    return orjson.dumps({"errors": [{"message": message, "extensions": {"code": code}}]})


_UNAUTHENTICATED_BODY = _refusal("UNAUTHENTICATED", _UNKNOWN)
_FORBIDDEN_BODY = _refusal("FORBIDDEN", _FORBIDDEN)


class Guard:
    """ASGI middleware that lets through what is open, and callers where they may go.

    What it lets through can read the caller in `request.state.caller`; it is None where the address is open to all.
    """

    def __init__(self, app: ASGIApp, callers: Callers) -> None:
        self._app = app
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or answer 401 or 403; a websocket is closed before it opens."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        caller = self._callers.who(Headers(scope=scope).get("authorization", ""))
        scope.setdefault("state", {})["caller"] = caller
        if _is_open(scope) or (caller and (caller.role is Role.STATISTICIAN or _at(scope) == FOR_ESTABLISHMENTS)):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = (
                Response(_FORBIDDEN_BODY, 403, media_type="application/json")
                if caller
                else Response(_UNAUTHENTICATED_BODY, 401, {"WWW-Authenticate": "Bearer"}, "application/json")
            )
            await refusal(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": 4401})


def _at(scope: Scope) -> tuple[str, str]:
    return scope.get("method", ""), scope["path"]


def _is_open(scope: Scope) -> bool:
    method, path = _at(scope)
    return (method, path) in OPEN or (method == "GET" and path.startswith(OPEN_FOLDER))
