"""Builds the gateway from its settings: the only place where its parts are put together."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import AsyncIterator

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from starlette.routing import Route
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL

from services.gateway import files, pages, schema
from services.gateway.callers import Callers
from services.gateway.guard import Guard
from services.gateway.handlers import Asking, Ordering
from services.gateway.schema.context import Context
from shared.adapters.clickhouse.checkpoints import ClickHouseCheckpoints
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.files.shelf import FolderShelf
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.adapters.redis.jobs import RedisExportJobs
from shared.runtime.clock import Clock
from shared.runtime.settings import GatewaySettings


class _GraphQL(GraphQL[Context, None]):
    """GraphQL whose answers are written by orjson: tables pass through it as they are.

    It is a route of its own and not one of FastAPI's: those put the context together for each request out of four
    parts, and concurrent requests would share one object for what their answers are headed by.
    """

    async def get_context(self, request: Request | WebSocket, response: object) -> Context:  # noqa: ARG002 - theirs
        """Who asks, and what resolvers may use."""
        state = request.app.state
        return Context(request.state.caller, state.asking, state.ordering, state.receipts)

    def decode_json(self, data: str | bytes) -> object:
        """What was asked."""
        return orjson.loads(data)

    def encode_json(self, data: object) -> bytes:
        """The JSON text of an answer."""
        return orjson.dumps(data)


def build(settings: GatewaySettings, clock: Clock, journal: str = LEDGER) -> FastAPI:
    """The gateway. It connects when it starts, and raises there if ClickHouse does not answer."""

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as opened:
            client = await opened.enter_async_context(await connect_async(settings))
            jobs = opened.enter_context(contextlib.closing(RedisExportJobs.connect(settings.redis)))
            log = await opened.enter_async_context(contextlib.aclosing(KafkaLogEnds(settings.kafka)))
            book = ClickHouseReceipts(functools.partial(connect_async, settings), log, journal)
            app.state.receipts = await opened.enter_async_context(contextlib.aclosing(book))
            app.state.figures = ClickHouseFigures(client, journal, checkpoints=ClickHouseCheckpoints(client, journal))
            app.state.asking = Asking(app.state.figures, clock)
            app.state.ordering = Ordering(app.state.figures, jobs, clock)
            app.state.shelf = FolderShelf(settings.exports_dir)
            yield

    app = FastAPI(lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None)
    callers = Callers(settings.statistician_token.get_secret_value(), settings.ingest_keys)
    app.add_middleware(Guard, callers=callers)
    graphql = _GraphQL(schema.build(), graphql_ide=None, allow_queries_via_get=False, subscription_protocols=())
    app.router.routes.append(Route("/graphql", graphql, methods=["POST"]))  # before others: it is asked most
    app.include_router(pages.router)
    app.include_router(files.router)
    app.add_api_route("/health", _health, response_model=None)
    return app


async def _health(request: Request) -> JSONResponse:
    """Whether figures can be asked for."""
    ready = await request.app.state.figures.ready()
    return JSONResponse({"status": "ok" if ready else "no answer from ClickHouse"}, 200 if ready else 503)
