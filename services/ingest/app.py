"""Builds ingest from its settings: the only place where its parts are put together."""

from __future__ import annotations

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from services.ingest.blocking import block_routes
from services.ingest.flooding import LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import Ingest
from services.ingest.openapi import describe
from services.ingest.receipts import receipt_routes
from services.ingest.routes import http_door
from services.ingest.screening import Screen
from services.ingest.subscribers import close_door, kafka_door, open_door
from services.ingest.ticking import tick_for_ever
from services.ingest.tokens import Tokeniser
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.kafka.publisher import KafkaPublisher
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.adapters.redis.blocks import RedisBlocks
from shared.adapters.redis.client import connect_redis
from shared.reference import catalogue
from shared.runtime.keys import Keyring

if TYPE_CHECKING:
    from shared.runtime.clock import Clock
    from shared.runtime.settings import IngestSettings


def build(settings: IngestSettings, clock: Clock) -> FastAPI:
    """Ingest with both doors. It connects when it starts, and raises LogError there if no broker answers.

    HTTP does not wait for the Kafka door, which may take some seconds to open.
    """
    publisher = KafkaPublisher(settings.kafka)
    screen = Screen(catalogue.load(), Tokeniser(bytes.fromhex(settings.token_key.get_secret_value())))
    redis = connect_redis(settings.redis)
    flood = FloodGuard(RedisBlocks(redis, LIMIT, WINDOW), settings.ingest_keys)
    ingest = Ingest(screen, publisher, clock, flood)
    broker = kafka_door(settings.kafka, ingest)
    log = KafkaLogEnds(settings.kafka)
    book = ClickHouseReceipts(functools.partial(connect_async, settings), log)

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await publisher.start()
        together = (open_door(broker), tick_for_ever(publisher, clock), flood.refresh_for_ever())
        beside = [asyncio.create_task(one) for one in together]
        try:
            yield
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await close_door(broker)
            await publisher.stop()
            await book.aclose()
            await log.aclose()
            await redis.aclose()

    app = FastAPIOffline(lifespan=lifespan, redoc_url=None, title="SIEP ingest")
    keyring = Keyring(settings.ingest_keys)
    router = http_door(ingest, keyring, publisher, flood)
    router.include_router(receipt_routes(keyring, book))
    router.include_router(block_routes(keyring, flood, clock))
    app.include_router(router)
    describe(app, router)
    return app
