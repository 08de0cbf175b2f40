"""The gateway over HTTP on a real engine, with a small country in a journal of its own."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from services.gateway.app import build
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.queries import checkpoints_of, rolls_of
from shared.ports import Consumed
from shared.runtime.clock import FixedClock
from shared.runtime.settings import GatewaySettings, Settings
from tests.support.slow_count import SlowCount
from tests.support.small_ledger import consumed, rows_of, write

JOURNAL = "journal_gateway"
TOKEN = "a-token-of-the-tests"
KEYS = {name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in ("ep-001", "ep-002", "ml-lima", "inpe")}
TODAY = datetime(2026, 3, 1, 2, tzinfo=UTC)  # still 28 February in Lima


@cache
def made() -> dict[int, list[Consumed]]:
    """The country in the journal. Made when it is asked for: every run of tests loads this file."""
    return consumed(11, 120)


@cache
def slow() -> SlowCount:
    """The same country, counted slowly."""
    return SlowCount(rows_of(made()))


@pytest.fixture(scope="module")
async def gateway(
    clickhouse_settings: Settings, valkey_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    async with await connect_async(clickhouse_settings) as client:
        await client.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        await client.command(f"CREATE TABLE {checkpoints_of(JOURNAL)} AS checkpoint_3c")
        await client.command(f"CREATE TABLE {rolls_of(JOURNAL)} AS roll_3")
        await write(ClickHouseJournal(client, JOURNAL), made())
        told = {
            **clickhouse_settings.model_dump(),
            "kafka": "127.0.0.1:1",  # nobody: figures and receipts are told without the log
            "redis": valkey_address,
            "exports_dir": tmp_path_factory.mktemp("exports"),
        }
        settings = GatewaySettings(**told, statistician_token=SecretStr(TOKEN), ingest_keys=KEYS)
        server = uvicorn.Server(uvicorn.Config(build(settings, FixedClock(TODAY), JOURNAL), log_level="warning"))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            running = asyncio.create_task(server.serve([listening]))
            async with httpx.AsyncClient(base_url=address, timeout=60) as asking:
                await _answers(asking)
                yield asking
            server.should_exit = True
            await running
        await client.command(f"DROP TABLE {JOURNAL}")
        await client.command(f"DROP TABLE {checkpoints_of(JOURNAL)}")
        await client.command(f"DROP TABLE {rolls_of(JOURNAL)}")


async def _answers(asking: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                answer = await asking.get("/health")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            assert answer.json() == {"status": "ok"}
            return


async def said(gateway: httpx.AsyncClient, query: str, token: str = TOKEN, **variables: Any) -> dict[str, Any]:
    answer = await gateway.post(
        "/graphql", json={"query": query, "variables": variables}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def asked(gateway: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await said(gateway, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]  # type: ignore[no-any-return]


async def refused(gateway: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await said(gateway, query, **variables)
    (error,) = answer["errors"]
    return error  # type: ignore[no-any-return]
