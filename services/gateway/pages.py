"""GraphiQL from files that ship with us, with example queries ready to run. No page holds a figure."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import orjson
from fastapi import APIRouter, HTTPException, Response
from fastapi.responses import RedirectResponse

ASSETS = files("services.gateway") / "assets" / "graphiql"
_TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html; charset=utf-8"}
_PACKED = ("react.js", "react-dom.js", "graphiql.js", "graphiql.css")
_PLAIN = ("page.js",)
# Nothing from elsewhere, and no way to send anything elsewhere.
_POLICY = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:"

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root() -> Response:
    """There is no other page yet."""
    return RedirectResponse("/graphql")


@router.get("/graphql")
async def page() -> Response:
    """The page itself."""
    return Response(_file("page.html"), media_type=_TYPES["html"], headers={"Content-Security-Policy": _POLICY})


@router.get("/graphiql/examples.json")
async def example_tabs() -> Response:
    """The examples, for the tabs of the page."""
    return Response(orjson.dumps([{"query": text} for text in examples().values()]), media_type="application/json")


@router.get("/graphiql/{name}")
async def asset(name: str) -> Response:
    """A script or a style of the page."""
    kind = _TYPES.get(name.rpartition(".")[2], "")
    if name in _PACKED:
        headers = {"Content-Encoding": "gzip", "Cache-Control": "max-age=86400"}
        return Response(_file(f"{name}.gz"), media_type=kind, headers=headers)
    if name in _PLAIN:
        return Response(_file(name), media_type=kind)
    raise HTTPException(404)


@cache
def examples() -> dict[str, str]:
    """The example queries by the name of their file, in order."""
    found = (file for file in (ASSETS / "examples").iterdir() if file.name.endswith(".graphql"))
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(found, key=lambda file: file.name)}


@cache
def _file(name: str) -> bytes:
    return (ASSETS / name).read_bytes()
