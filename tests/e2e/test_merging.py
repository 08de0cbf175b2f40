"""Two admissions of one person under two documents: merged they count once, parted again twice, whatever is killed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from shared.contracts.questions import Question
from shared.domain.dimensions import Dimension
from shared.domain.measures import Measure
from shared.runtime.clock import SystemClock
from tests.contract.examples import accepted, one_line
from tests.support.asking import Asking, asking, counted_all
from tests.support.stack import RunningStack, local_stack
from tests.support.waiting import until

pytestmark = pytest.mark.stack

FIRST, SECOND = "ep-022", "ep-045"
BY_PRISON = Question(measure=Measure.POPULATION, dimensions=(Dimension.ESTABLISHMENT,), at=date(2026, 11, 24))
ANOMALIES = "query { anomalies { items { kind { code } } open } }"
MOMENTS = ("2026-02-03T10:00:00-05:00", "2026-02-07T10:00:00-05:00")


@pytest.fixture(scope="module")
def system() -> Iterator[RunningStack]:
    with local_stack("kafka", "clickhouse", "valkey", "ingest", "aggregator", "gateway") as running:
        yield running


def _document(number: int) -> dict[str, str]:
    return {"document": "dni", "number": f"{71_000_000 + number}"}


def _admission(person: int, prison: str, time: str) -> bytes:
    message: dict[str, Any] = json.loads(accepted()["admission/woman-on-trial"])
    message |= {"id": f"in-{person}", "source": prison, "time": time}
    message["data"] |= {"person": _document(person), "establishment": prison}
    return one_line(message)


def _said(name: str, kind: str, **data: object) -> bytes:
    message: dict[str, Any] = json.loads(accepted()["identity_merge/passport-is-a-dni"])
    message |= {"id": name, "source": FIRST, "type": f"siep.{kind}.v1", "data": {"person": _document(1), **data}}
    return one_line(message)


async def _send(system: RunningStack, *messages: bytes) -> None:
    async with httpx.AsyncClient(base_url=system.ingest, timeout=30) as http:
        for message in messages:
            key = system.ingest_key(json.loads(message)["source"])
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/cloudevents+json"}
            answer = await http.post("/v1/facts", content=message, headers=headers)
            assert answer.status_code == 202, answer.text


async def _population(client: Asking) -> dict[tuple[str, ...], int]:
    cells = (await client.figure(BY_PRISON)).cells
    return {cell: count for cell, count in cells.items() if count}


async def _becomes(client: Asking, expected: dict[tuple[str, ...], int]) -> None:
    async def so() -> bool:
        return await _population(client) == expected

    await until(so, f"the population is {expected}", seconds=60)


async def _shows(client: Asking, kinds: list[str]) -> bool:
    shown = (await client.data(ANOMALIES))["anomalies"]
    return [one["kind"]["code"] for one in shown["items"]] == kinds


async def test_merged_and_parted(system: RunningStack) -> None:
    async with asking(system) as client:
        await _send(system, _admission(1, FIRST, MOMENTS[0]), _admission(2, SECOND, MOMENTS[1]))
        await _becomes(client, {(FIRST,): 1, (SECOND,): 1})

        await _send(system, _said("merge", "identity_merge", other=_document(2)))
        system.kill("aggregator")
        await until(lambda: _shows(client, ["entered_while_elsewhere"]), "the contradiction is shown", seconds=60)
        assert await _population(client) == {(SECOND,): 1}

        await _send(system, _said("parted", "void", target={"source": FIRST, "id": "merge"}))
        system.kill("aggregator")
        await _becomes(client, {(FIRST,): 1, (SECOND,): 1})
        assert await _shows(client, [])
        await until(lambda: counted_all(system, client), "everything is counted", seconds=60)
    assert system.verified()[-1:] == ["differences=0"]
    await _receipts_close(system)


async def _receipts_close(system: RunningStack) -> None:
    """Four facts were sent, and what aggregators told each other is nobody's."""
    today = SystemClock().now().date()
    days = {"from": str(today - timedelta(2)), "to": str(today + timedelta(2))}
    async with httpx.AsyncClient(base_url=system.ingest, timeout=30) as http:
        for source, sent in ((FIRST, 3), (SECOND, 1)):
            headers = {"Authorization": f"Bearer {system.ingest_key(source)}"}
            told = (await http.get("/v1/receipts", params=days, headers=headers)).json()["days"]
            assert sum(day["sent"] for day in told) == sent
            assert sum(day["counted"] for day in told) == sent
