"""The HTTP door, asked as a client asks it."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from services.ingest.faults import MAX_FACT_BYTES
from services.ingest.flooding import LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import Ingest
from services.ingest.room import BYTES, SHARE
from services.ingest.routes import BATCH, EVENT, MAX_BATCH_BYTES, MOST_HELD, NDJSON, http_door
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.reference.catalogue import load
from shared.runtime.clock import FixedClock
from shared.runtime.keys import Keyring
from tests.contract.examples import accepted, refused
from tests.support.receipts import FakeBlocks
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
GOOD = accepted()["release/acquitted"]
BAD = refused()["no-person"].message
SCREEN = Screen(load(), Tokeniser(b"k" * 32))


@pytest.fixture
def log() -> FakeLog:
    return FakeLog(most_under_way=1)


@pytest.fixture
def app(log: FakeLog) -> FastAPI:
    app = FastAPI()
    keyring = Keyring({"ep-022": hashlib.sha256(b"key").hexdigest()})
    flood = FloodGuard(FakeBlocks(LIMIT, WINDOW), ["ep-022"])
    app.include_router(http_door(Ingest(SCREEN, log, FixedClock(NOW), flood), keyring, log, flood))
    return app


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    headers = {"authorization": "Bearer key"}
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest", headers=headers) as client:
        yield client


async def _post(client: httpx.AsyncClient, body: bytes, kind: str, **headers: str) -> httpx.Response:
    return await client.post("/v1/facts", content=body, headers={"content-type": kind, **headers})


@pytest.mark.parametrize(
    ("kind", "body", "count"),
    [
        (EVENT, GOOD, 1),
        (EVENT, json.dumps(json.loads(GOOD), indent=2).encode(), 1),
        (f"{EVENT}; charset=utf-8", GOOD, 1),
        (BATCH, b"[%s,%s]" % (GOOD, GOOD), 2),
        (BATCH, b"[]", 0),
        (NDJSON, GOOD + b"\n" + GOOD + b"\r\n\n" + GOOD, 3),
        (NDJSON, b"", 0),
    ],
)
async def test_what_is_good_is_accepted(client: httpx.AsyncClient, log: FakeLog, kind: str, body: bytes, count: int):
    answer = await _post(client, body, kind)
    assert answer.status_code == 202
    expected = {"accepted": count, "quarantined": 0, "rejected": 0, "refused": [], "resume_from_line": None}
    assert answer.json() == expected
    assert len(log.published) == count


@pytest.mark.parametrize("kind", [BATCH, NDJSON])
async def test_what_is_bad_is_listed_with_its_line_and_the_rest_accepted(client: httpx.AsyncClient, kind: str):
    quarantined = refused()["far-ahead"].message
    lines = [GOOD, BAD, quarantined]
    body = b"[%s]" % b",".join(lines) if kind == BATCH else b"\n".join(lines)
    answer = await _post(client, body, kind)
    assert answer.status_code == 207
    receipt = answer.json()
    assert (receipt["accepted"], receipt["quarantined"], receipt["rejected"]) == (1, 1, 1)
    assert [(line["line"], line["outcome"], line["field"], line["code"]) for line in receipt["refused"]] == [
        (2, "rejected", "data.person", "missing"),
        (3, "quarantined", "time", "in_the_future"),
    ]
    assert "00000017" not in answer.text


async def test_one_bad_event_alone_is_answered_in_the_same_form(client: httpx.AsyncClient):
    answer = await _post(client, BAD, EVENT)
    assert (answer.status_code, answer.json()["rejected"]) == (207, 1)


async def test_items_of_a_batch_that_are_no_objects_are_rejected_one_by_one(client: httpx.AsyncClient):
    answer = await _post(client, b"[7,null,%s]" % GOOD, BATCH)
    assert [line["line"] for line in answer.json()["refused"]] == [1, 2]
    assert answer.json()["accepted"] == 1


def _is_problem(answer: httpx.Response, status: int) -> bool:
    return (
        answer.status_code == answer.json()["status"] == status
        and answer.headers["content-type"] == "application/problem+json"
        and bool(answer.json()["detail"])
    )


@pytest.mark.parametrize("key", [None, "Bearer other", "Basic key"])
async def test_nobody_speaks_without_a_key(client: httpx.AsyncClient, log: FakeLog, key: str | None):
    client.headers.pop("authorization")
    answer = await _post(client, GOOD, EVENT, **({"authorization": key} if key else {}))
    assert _is_problem(answer, 401)
    assert answer.headers["www-authenticate"] == "Bearer"
    assert log.published == []


async def test_another_establishments_fact_is_rejected(client: httpx.AsyncClient, log: FakeLog):
    answer = await _post(client, accepted()["absence_end/court"], EVENT)
    assert answer.json()["refused"][0]["code"] == "not_yours"
    assert log.published == []


@pytest.mark.parametrize("body", [b"{", b'{"not": "an array"}', b"", b"\xff"])
async def test_a_batch_that_is_no_array_is_a_problem(client: httpx.AsyncClient, body: bytes):
    assert _is_problem(await _post(client, body, BATCH), 400)


async def test_nothing_is_no_event(client: httpx.AsyncClient):
    assert _is_problem(await _post(client, b" \n", EVENT), 400)


@pytest.mark.parametrize(("kind", "most"), [(EVENT, MAX_FACT_BYTES), (BATCH, MAX_BATCH_BYTES)])
async def test_a_body_has_a_limit_that_is_named(client: httpx.AsyncClient, kind: str, most: int):
    answer = await _post(client, b" " * (most + 1), kind)
    assert _is_problem(answer, 413)
    assert str(most) in answer.json()["detail"]


@pytest.mark.parametrize(
    ("kind", "headers"), [("application/json", {}), ("", {}), (NDJSON, {"content-encoding": "gzip"})]
)
async def test_another_form_is_a_problem_that_names_the_forms(client: httpx.AsyncClient, kind: str, headers: dict):
    answer = await _post(client, GOOD, kind, **headers)
    assert _is_problem(answer, 415)
    assert NDJSON in answer.json()["detail"]


async def test_a_silent_log_asks_to_wait_and_then_to_slow_down(client: httpx.AsyncClient, log: FakeLog):
    log.stall()
    answer = await _post(client, GOOD, EVENT)
    assert _is_problem(answer, 503)
    assert int(answer.headers["retry-after"]) > 0
    assert (answer.json()["receipt"]["accepted"], answer.json()["receipt"]["resume_from_line"]) == (0, 1)
    answer = await _post(client, GOOD, EVENT)
    assert _is_problem(answer, 429)
    assert int(answer.headers["retry-after"]) > 0
    log.resume()


async def test_more_requests_at_once_than_there_is_room_for_are_asked_to_come_again(client: httpx.AsyncClient):
    more = asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield GOOD + b"\n"
        await more.wait()

    def opened() -> asyncio.Task[httpx.Response]:
        said = {"content": slow(), "headers": {"content-type": NDJSON}}
        return asyncio.create_task(client.post("/v1/facts", **said))

    held = [opened() for _ in range(BYTES // SHARE // MOST_HELD[NDJSON])]
    await asyncio.sleep(0.1)
    answer = await _post(client, GOOD, EVENT)
    assert _is_problem(answer, 429)
    assert int(answer.headers["retry-after"]) > 0
    assert (answer.json()["receipt"]["accepted"], answer.json()["receipt"]["resume_from_line"]) == (0, 1)
    more.set()
    await asyncio.gather(*held)
    assert (await _post(client, GOOD, EVENT)).status_code == 202


async def test_health_is_that_of_the_log(client: httpx.AsyncClient, log: FakeLog):
    assert (await client.get("/health")).status_code == 200
    log.stall()
    assert (await client.get("/health")).status_code == 503
    log.resume()


async def test_a_client_that_leaves_in_mid_stream_is_no_fault_of_ours(app: FastAPI, log: FakeLog):
    lines = GOOD + b"\n"
    received = iter(
        [{"type": "http.request", "body": lines * 1_000, "more_body": True}, {"type": "http.disconnect"}],
    )
    sent: list[dict] = []

    async def receive() -> dict:
        return next(received)

    async def send(message: dict) -> None:
        sent.append(message)

    headers = [(b"authorization", b"Bearer key"), (b"content-type", NDJSON.encode())]
    scope = {"type": "http", "method": "POST", "path": "/v1/facts", "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert len(log.published) == 1_000
