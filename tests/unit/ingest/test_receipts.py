"""Receipts over HTTP, asked as a client asks."""

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.aggregator.folding import decoded, fold_batch
from services.ingest.receipts import receipt_routes
from shared.contracts.questions import LEDGER_VERSION
from shared.domain.facts import DAY_MS, Fact
from shared.ports import Position
from shared.runtime.keys import Keyring
from tests.support.fakes import FakeJournal
from tests.support.logs import message, records, token
from tests.support.receipts import FakeLogEnds, FakeReceiptBook

KEYS = {name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in ("ep-001", "ep-002")}


@pytest.fixture
async def book() -> FakeReceiptBook:
    """`a/1` was sent by both establishments, and doubled by the first."""
    told = [(source, "a/1") for source in ("ep-001", "ep-001", "ep-002")]
    data = {"establishment": "ep-001", "motive": "nuevo-ingreso", "profile": {"sex": "male"}, "cases": []}
    said = [message(Fact(source, name, "admission", 20_000 * DAY_MS, data), token(1)) for source, name in told]
    journal = FakeJournal()
    await journal.append(2, 0, 0, fold_batch(decoded(records(said)), {}, Position(0, 0, 0)).consumed)
    return FakeReceiptBook(journal, FakeLogEnds((0, 0, 3, 0, 0, 0, 0, 0, 0)))


@pytest.fixture
async def client(book: FakeReceiptBook) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(receipt_routes(Keyring(KEYS), book))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest") as client:
        yield client


async def _asked(client: httpx.AsyncClient, path: str, speaker: str = "ep-001") -> tuple[int, Any]:
    answer = await client.get(path, headers={"authorization": f"Bearer key-{speaker}"})
    expected = "application/json" if answer.status_code == 200 else "application/problem+json"
    assert answer.headers["content-type"] == expected
    return answer.status_code, json.loads(answer.text)


@pytest.mark.parametrize(("speaker", "outcomes"), [("ep-001", ["counted", "duplicate"]), ("ep-002", ["counted"])])
async def test_each_is_told_the_fate_of_its_own_ids(client: httpx.AsyncClient, speaker: str, outcomes: list[str]):
    status, told = await _asked(client, "/v1/facts/a/1", speaker)
    assert status == 200
    assert (told["id"], told["fate"]) == ("a/1", "counted")
    assert [record["outcome"] for record in told["records"]] == outcomes
    assert {record["source"] for record in told["records"]} == {speaker}
    assert told["standing"] == {
        "position": f"p1.{LEDGER_VERSION}.0-0-3-0-0-0-0-0-0",
        "recorded_until": "2026-01-10T15:00:02Z",
        "missing": 0,
        "waiting": 0,
    }


async def test_an_id_that_nobody_sent_is_unknown(client: httpx.AsyncClient):
    assert (await _asked(client, "/v1/facts/b"))[1]["fate"] == "unknown"


async def test_sums_are_those_of_the_speaker(client: httpx.AsyncClient):
    _, told = await _asked(client, "/v1/receipts?from=2026-01-10&to=2026-01-11")
    sums = {"sent": 2, "counted": 1, "duplicate": 1, "conflicting": 0, "quarantined": 0, "difference": 0}
    assert told["days"] == [{"day": "2026-01-10", "source": "ep-001", **sums}]
    assert (await _asked(client, "/v1/quarantine?from=2026-01-10&to=2026-01-11"))[1]["messages"] == []


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("/v1/receipts", "from:"),
        ("/v1/receipts?from=2026-01-10", "to:"),
        ("/v1/receipts?from=2026-01-10&to=11/01/2026", "to:"),
        ("/v1/receipts?from=2026-01-10&to=2026-01-10", "from:"),
        ("/v1/quarantine?from=now&to=2026-01-10", "from:"),
        ("/v1/facts/a%20b", "id:"),
        (f"/v1/facts/{'a' * 129}", "id:"),
    ],
)
async def test_what_cannot_be_asked_is_told_which_field_it_lies_in(client: httpx.AsyncClient, path: str, named: str):
    status, told = await _asked(client, path)
    assert status == 400
    assert told["detail"].startswith(named)


@pytest.mark.parametrize("path", ["/v1/facts/a", "/v1/receipts?from=2026-01-10&to=2026-01-11", "/v1/quarantine"])
async def test_nobody_is_told_anything_without_a_key(client: httpx.AsyncClient, path: str):
    assert (await _asked(client, path, "nobody"))[0] == 401


async def test_a_journal_that_is_away_is_asked_again_later(client: httpx.AsyncClient, book: FakeReceiptBook):
    book.away = True
    status, told = await _asked(client, "/v1/facts/a")
    assert (status, told["title"]) == (503, "The journal does not answer")
