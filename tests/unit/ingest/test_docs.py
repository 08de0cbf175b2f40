"""The documentation that a browser shows: open to all, complete, and from nowhere else."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import httpx
from pydantic import SecretStr

from services.ingest.app import build
from services.ingest.routes import BATCH, EVENT, NDJSON
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.contracts.facts import INBOUND
from shared.ports import Outgoing
from shared.reference.catalogue import load
from shared.runtime.clock import SystemClock
from shared.runtime.settings import IngestSettings

LATER = datetime(2026, 12, 31, tzinfo=UTC)
NOBODY = IngestSettings(token_key=SecretStr("0" * 64), ingest_keys={}, clickhouse_password=SecretStr(""))


def test_what_is_shown_as_an_example_is_accepted() -> None:
    bodies = build(NOBODY, SystemClock()).openapi()["paths"]["/v1/facts"]["post"]["requestBody"]["content"]
    events = {kind: one["value"] for kind, one in bodies[EVENT]["examples"].items()}
    assert events.keys() == INBOUND.keys()
    lines = [json.loads(line) for line in bodies[NDJSON]["example"].splitlines()]
    screen = Screen(load(), Tokeniser(b"k" * 32))
    for fact in (*events.values(), *bodies[BATCH]["example"], *lines):
        assert isinstance(screen.screen(json.dumps(fact).encode(), fact["source"], LATER), Outgoing), fact


async def test_the_page_and_all_it_loads_come_from_here() -> None:
    app = build(NOBODY, SystemClock())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest") as client:
        page = await client.get("/docs")
        assert page.status_code == 200
        loaded = [*re.findall(r"(?:src|href)=[\"']([^\"']+)", page.text), *re.findall(r"url: '([^']+)'", page.text)]
        assert "/openapi.json" in loaded
        for address in loaded:
            assert address.startswith("/"), address
            assert (await client.get(address)).status_code == 200, address
