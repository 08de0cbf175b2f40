"""The documentation that a browser shows: open to all, complete, and from nowhere else."""

from __future__ import annotations

import re

import httpx
from pydantic import SecretStr

from services.ingest.app import build
from shared.runtime.clock import SystemClock
from shared.runtime.settings import IngestSettings


async def test_the_page_and_all_it_loads_come_from_here() -> None:
    app = build(
        IngestSettings(token_key=SecretStr("0" * 64), ingest_keys={}, clickhouse_password=SecretStr("")), SystemClock()
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest") as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        loaded = [*re.findall(r"(?:src|href)=[\"']([^\"']+)", page.text), *re.findall(r"url: '([^']+)'", page.text)]
        assert "/openapi.json" in loaded
        for address in loaded:
            assert address.startswith("/"), address
            assert (await client.get(address)).status_code == 200, address
