"""What is written down of each answer: asked of ingest's own door, and of what stands before it when a line is bad."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import orjson
import pytest
from fastapi import FastAPI

from clients.producer.facts import Facts, Row
from clients.producer.journal import SiteJournal, open_journal
from clients.producer.sending import PORTION, TRIES, Sender
from services.ingest.flooding import LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import Ingest
from services.ingest.routes import http_door
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.contracts.facts import QUARANTINED
from shared.ports import DeadLetter, LogError, Outgoing, SlowDownError
from shared.reference.catalogue import load
from shared.runtime.clock import FixedClock
from shared.runtime.keys import Keyring
from tests.support.receipts import FakeBlocks
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
KEY = "one-key-of-the-establishment"
SITE = Facts("ep-022", KEY)
SCREEN = Screen(load(), Tokeniser(b"k" * 32))


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SiteJournal]:
    with open_journal(tmp_path / "ep-022.sqlite") as journal:
        yield journal


@dataclass
class Site:
    """A sender with what it said and how long it waited."""

    journal: SiteJournal
    said: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    then: Callable[[], object] = lambda: None

    def send(self, client: httpx.Client) -> bool:
        return Sender(self.journal, client, lambda: NOW, self._wait, self.said.append).send()

    def _wait(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.then()

    @property
    def states(self) -> list[str]:
        return [row.state for row in self.journal.standings()]


@pytest.fixture
def site(journal: SiteJournal) -> Site:
    return Site(journal)


class TroubledLog(FakeLog):
    """A log that does not answer for some of its publications, counted from 1."""

    def __init__(self, troubles: dict[int, type[Exception]]) -> None:
        super().__init__()
        self._troubles = troubles
        self._count = 0

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        self._count += 1
        if self._count in self._troubles:
            raise self._troubles[self._count]
        await super().publish(messages, letters)


class DoorTransport(httpx.BaseTransport):
    """Ingest's own routes without a socket between, for a client that waits for its answers."""

    def __init__(self, app: FastAPI, runner: asyncio.Runner) -> None:
        self._app = app
        self._runner = runner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._runner.run(self._answer(request, request.read()))

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        async def chunks() -> AsyncIterator[bytes]:
            for start in range(0, len(body), 65_536):
                yield body[start : start + 65_536]

        headers = {name: request.headers[name] for name in ("authorization", "content-type")}
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app)) as client:
            answer = await client.request(request.method, request.url, headers=headers, content=chunks())
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


Door = Callable[..., httpx.Client]


@pytest.fixture
def door() -> Iterator[Door]:
    """The site's client at the door of an ingest with this log."""
    with asyncio.Runner() as runner:

        def client(log: FakeLog, key: str = KEY, limit: int = LIMIT) -> httpx.Client:
            app = FastAPI()
            keyring = Keyring({"ep-022": hashlib.sha256(KEY.encode()).hexdigest()})
            flood = FloodGuard(FakeBlocks(limit, WINDOW), ["ep-022"])
            app.include_router(http_door(Ingest(SCREEN, log, FixedClock(NOW), flood), keyring, log, flood))
            headers = {"Authorization": f"Bearer {key}"}
            return httpx.Client(
                base_url="https://ingest.example", transport=DoorTransport(app, runner), headers=headers
            )

        yield client


def elsewhere(answer: Callable[[httpx.Request], httpx.Response]) -> httpx.Client:
    """Something on the way that is not ingest."""
    return httpx.Client(base_url="https://ingest.example", transport=httpx.MockTransport(answer))


def fill(journal: SiteJournal, count: int, *, offences: int = 1, time: str = "2026-02-03T17:05:00-05:00") -> None:
    charges = [{"code": "cp-188-robo"}] * offences
    with journal.together():
        for number in range(count):
            data = {"person": {"document": "dni", "number": f"{number:08}"}, "case": f"c-{number}", "offences": charges}
            row = SITE.row({"type": "siep.case_opened.v1", "time": time, "data": data})
            assert isinstance(row, Row)
            assert journal.add(row, f"a:{number}") == "new"


def ids(log: FakeLog) -> list[str]:
    return sorted(orjson.loads(message.value)["id"] for message in log.published)


def known_ids(journal: SiteJournal) -> list[str]:
    return sorted(row.id for row in journal.standings())


def test_everything_that_waits_is_sent_in_portions(site: Site, door: Door):
    fill(site.journal, 2 * PORTION + 1)
    log = FakeLog()
    assert site.send(door(log))
    assert set(site.states) == {"accepted"}
    assert ids(log) == known_ids(site.journal)
    assert site.said == [f"{PORTION} aceptadas.", f"{PORTION} aceptadas.", "1 aceptadas."]
    assert site.waited == []


def test_what_ingest_refuses_has_its_field_code_and_expectation(site: Site, door: Door):
    fill(site.journal, 1)
    fill(site.journal, 1, time="2026-12-24T00:00:00-05:00")
    log = FakeLog()
    assert site.send(door(log))
    fine, ahead = site.journal.standings()
    assert (fine.state, ahead.state, ahead.field, ahead.code) == ("accepted", "quarantined", "time", "in_the_future")
    assert "5 minutes" in ahead.expected
    assert [orjson.loads(one.value)["type"] for one in log.published].count(QUARANTINED) == 1


def test_a_row_of_another_is_rejected(site: Site, door: Door):
    with site.journal.together():
        row = Facts("ep-045", KEY).row(
            {
                "type": "siep.escape.v1",
                "time": "2026-02-03T17:05:00Z",
                "data": {"person": {"document": "dni", "number": "00000017"}},
            }
        )
        assert isinstance(row, Row)
        site.journal.add(row, "a:1")
    assert site.send(door(FakeLog()))
    assert site.states == ["rejected"]


@pytest.mark.parametrize(("trouble", "pause"), [(LogError, 5), (SlowDownError, 1)])
def test_a_log_that_stops_in_the_middle_is_asked_again_from_there(
    site: Site, door: Door, trouble: type[Exception], pause: int
):
    fill(site.journal, PORTION, offences=50)
    states: list[set[str]] = []
    site.then = lambda: states.append(set(site.states))
    log = TroubledLog({2: trouble})
    assert site.send(door(log))
    assert site.waited == [pause]
    assert states == [{"accepted", "unknown"}]
    assert set(site.states) == {"accepted"}
    assert ids(log) == known_ids(site.journal), "what had been taken was not sent again"


def test_a_log_that_does_not_come_back_leaves_the_rest_unknown(site: Site, door: Door):
    fill(site.journal, 2)
    log = FakeLog()
    log.stall()
    assert not site.send(door(log))
    assert site.states == ["unknown", "unknown"]
    assert site.waited == [5.0] * (TRIES - 1)
    assert "send" in site.said[-1]


def test_an_unknown_key_stops_at_once_and_nothing_is_unknown(site: Site, door: Door):
    fill(site.journal, 2)
    assert not site.send(door(FakeLog(), key="not the key of anybody"))
    assert site.states == ["waiting", "waiting"]
    assert site.waited == []
    assert "SIEP_KEY" in site.said[0]


def test_a_block_settles_what_was_taken_before_it_and_stops_at_once(site: Site, door: Door):
    fill(site.journal, 2 * PORTION, time="2026-12-24T00:00:00-05:00")
    fill(site.journal, 1)
    assert not site.send(door(FakeLog(), limit=PORTION // 2))
    assert site.waited == []
    assert "bloqueó" in site.said[-2]
    assert set(site.states) == {"quarantined", "waiting"}
    assert site.states[-1] == "waiting"


def test_without_a_line_nothing_is_unknown_and_it_is_tried_later(site: Site):
    fill(site.journal, 2)

    def no_line(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    assert not site.send(elsewhere(no_line))
    assert site.states == ["waiting", "waiting"]
    assert site.waited == [1.0, 2.0, 4.0, 8.0, 16.0]


@pytest.mark.parametrize("error", [httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError])
def test_a_line_that_breaks_after_the_request_leaves_it_unknown(site: Site, error: type[httpx.TransportError]):
    fill(site.journal, 2)

    def broken(request: httpx.Request) -> httpx.Response:
        request.read()
        raise error("broken", request=request)

    assert not site.send(elsewhere(broken))
    assert site.states == ["unknown", "unknown"]


def test_what_is_sent_again_has_the_same_bytes(site: Site):
    fill(site.journal, 3)
    bodies: list[bytes] = []

    def lost(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        raise httpx.ReadError("broken", request=request)

    site.send(elsewhere(lost))
    assert bodies == [b"".join(row.content + b"\n" for row in site.journal.waiting(9))] * TRIES


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, html="<h1>Bienvenido al wifi</h1>"),
        httpx.Response(302, headers={"location": "https://login.example"}),
        httpx.Response(404),
        httpx.Response(401, html="proxy"),
        httpx.Response(202, html="<h1>Bienvenido al wifi</h1>"),
        httpx.Response(202, json={"accepted": 1, "refused": [], "resume_from_line": None}),
        httpx.Response(207, json={"accepted": 3, "refused": [], "resume_from_line": 4}),
        httpx.Response(502, html="bad gateway"),
        httpx.Response(503, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    ],
)
def test_only_a_receipt_that_adds_up_settles_a_row(site: Site, answer: httpx.Response):
    fill(site.journal, 2)
    assert not site.send(elsewhere(lambda _: answer))
    assert site.states == ["unknown", "unknown"]


def test_a_receipt_that_stops_early_settles_what_it_speaks_of(site: Site):
    fill(site.journal, 3)
    answers = iter(
        [
            {
                "accepted": 1,
                "refused": [{"line": 2, "outcome": "rejected", "field": "", "code": "too_large", "expected": "less"}],
                "resume_from_line": 3,
            },
            {"accepted": 1, "refused": [], "resume_from_line": None},
        ]
    )
    assert site.send(elsewhere(lambda _: httpx.Response(207, json=next(answers))))
    assert site.states == ["accepted", "rejected", "accepted"]


def test_what_went_unanswered_is_settled_when_the_line_is_back(site: Site, door: Door):
    fill(site.journal, 2)
    log = FakeLog()
    log.stall()
    site.then = log.resume
    assert site.send(door(log))
    assert site.states == ["accepted", "accepted"]
    assert set(ids(log)) == set(known_ids(site.journal))
