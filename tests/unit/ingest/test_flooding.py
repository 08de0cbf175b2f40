"""A flood of bad messages from one source, at both doors."""

import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx
import pytest
from fastapi import FastAPI

from services.ingest.blocking import block_routes
from services.ingest.flooding import LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import BlockedError, Ingest, Piece
from services.ingest.routes import NDJSON, http_door
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.reference.catalogue import load
from shared.runtime.clock import FixedClock
from shared.runtime.keys import Keyring
from tests.contract.examples import accepted
from tests.support.receipts import FakeBlocks
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCREEN = Screen(load(), Tokeniser(b"k" * 32))
GOOD = accepted()["release/acquitted"]
SITE, OTHER = "ep-022", "ep-045"
OTHERS_GOOD = accepted()["absence_end/court"]
KEYS = {name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in (SITE, OTHER, "inpe")}


@dataclass
class Door:
    """Ingest over a log and a store of blocks in memory."""

    blocks: FakeBlocks
    log: FakeLog
    flood: FloodGuard
    ingest: Ingest


def _door(blocks: FakeBlocks | None = None) -> Door:
    blocks = blocks or FakeBlocks(LIMIT, WINDOW)
    log, flood = FakeLog(), FloodGuard(blocks, KEYS)
    return Door(blocks, log, flood, Ingest(SCREEN, log, FixedClock(NOW), flood))


def _from_kafka(count: int, speaker: str | None = SITE) -> list[tuple[str | None, bytes]]:
    return [(speaker, b"no json")] * count


@pytest.fixture
def door() -> Door:
    return _door()


@pytest.fixture
async def client(door: Door) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(http_door(door.ingest, Keyring(KEYS), door.log, door.flood))
    app.include_router(block_routes(Keyring(KEYS), door.flood, FixedClock(NOW)))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingest") as client:
        yield client


def _key(speaker: str) -> dict[str, str]:
    return {"authorization": f"Bearer key-{speaker}"}


async def _post(client: httpx.AsyncClient, body: bytes, speaker: str = SITE) -> httpx.Response:
    return await client.post("/v1/facts", content=body, headers={"content-type": NDJSON, **_key(speaker)})


async def test_the_limit_itself_blocks_nobody(door: Door):
    await door.ingest.take_from_topic(_from_kafka(LIMIT))
    assert door.flood.blocked == {}
    await door.ingest.take_from_topic([(SITE, GOOD)])
    assert len(door.log.published) == 1


async def test_one_more_blocks_the_source_with_an_alarm_and_nobody_else(door: Door, caplog: pytest.LogCaptureFixture):
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    assert list(door.flood.blocked) == [SITE]
    [alarm] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (alarm.message, alarm.source, alarm.limit) == ("source blocked", SITE, LIMIT)
    await door.ingest.take_from_topic([(SITE, GOOD), (OTHER, OTHERS_GOOD)])
    assert [b'"ep-045"' in message.value for message in door.log.published] == [True]
    refusal = door.log.letters[-1]
    assert (refusal.key, refusal.value) == (SITE.encode(), GOOD)
    assert dict(refusal.headers)["code"] == b"blocked"
    assert str(LIMIT).encode() in dict(refusal.headers)["expected"]


async def test_over_http_a_blocked_source_is_told_the_limit_and_others_are_taken(client: httpx.AsyncClient, door: Door):
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    answer = await _post(client, GOOD)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert f"at most {LIMIT} bad messages" in answer.json()["detail"]
    assert answer.json()["receipt"]["resume_from_line"] == 1
    assert door.log.published == []
    assert (await _post(client, OTHERS_GOOD, OTHER)).status_code == 202
    assert (await client.get("/health")).json() == {"ready": True, "blocked": 1}


async def test_a_request_is_cut_at_the_next_piece_once_its_own_lines_block_the_source(door: Door):
    async def pieces() -> AsyncIterator[Piece]:
        yield Piece(1, [b"no json", b"no json", GOOD])
        yield Piece(4, [GOOD])

    await door.ingest.take_from_topic(_from_kafka(LIMIT - 1))
    with pytest.raises(BlockedError) as stopped:
        await door.ingest.receive(pieces(), SITE)
    receipt = stopped.value.receipt
    assert (receipt.accepted, receipt.count("rejected"), receipt.resume_from) == (1, 2, 4)


async def test_inpe_sees_who_is_blocked_and_releases(client: httpx.AsyncClient, door: Door):
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    listed = await client.get("/v1/blocks", headers=_key("inpe"))
    assert listed.json() == {"blocked": {SITE: NOW.isoformat()}}
    released = await client.delete(f"/v1/blocks/{SITE}", headers=_key("inpe"))
    assert (released.status_code, released.json()) == (200, {"blocked": {}})
    assert (await _post(client, GOOD)).status_code == 202
    assert (await client.delete(f"/v1/blocks/{SITE}", headers=_key("inpe"))).status_code == 404


@pytest.mark.parametrize(("speaker", "status"), [(SITE, 403), ("nobody", 401)])
async def test_nobody_else_releases(client: httpx.AsyncClient, door: Door, speaker: str, status: int):
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    for method, path in (("GET", "/v1/blocks"), ("DELETE", f"/v1/blocks/{SITE}")):
        assert (await client.request(method, path, headers=_key(speaker))).status_code == status
    assert list(door.flood.blocked) == [SITE]


async def test_another_instance_hears_of_the_block_and_of_the_release(door: Door):
    other = _door(door.blocks)
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    await other.flood.refresh()
    assert list(other.flood.blocked) == [SITE]
    await door.flood.release(SITE, NOW)
    await other.flood.refresh()
    assert other.flood.blocked == {}


async def test_instances_count_together(door: Door):
    other = _door(door.blocks)
    await door.ingest.take_from_topic(_from_kafka(LIMIT))
    await other.ingest.take_from_topic(_from_kafka(1))
    assert list(other.flood.blocked) == [SITE]


async def test_who_has_no_key_is_not_counted(door: Door):
    await door.ingest.take_from_topic([*_from_kafka(LIMIT + 1, None), *_from_kafka(LIMIT + 1, "made-up")])
    assert await door.blocks.blocked() == {}


async def test_while_the_store_is_away_facts_are_taken(client: httpx.AsyncClient, door: Door):
    door.blocks.away = True
    await door.ingest.take_from_topic(_from_kafka(LIMIT + 1))
    assert (await _post(client, b"no json\n" + GOOD)).json()["accepted"] == 1
    assert (await client.get("/v1/blocks", headers=_key("inpe"))).status_code == 503
    assert (await client.delete(f"/v1/blocks/{SITE}", headers=_key("inpe"))).status_code == 503
