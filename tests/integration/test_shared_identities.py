"""The same source and id under two persons, as the journal tells it and GraphQL shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import orjson
import pytest

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.anomalies import Anomalies, AnomalyState, SharedIdentityQuestion
from shared.contracts.mapping import Message
from shared.contracts.questions import KnownAt
from shared.ports import Consumed
from shared.runtime.settings import Settings
from tests.support.gateway import said

JOURNAL = "journal_shared_identities"
FIRST = datetime(2025, 2, 1, 15, tzinfo=UTC)


def _record(day: int, person: str, source: str, fact_id: str, target: str = "") -> tuple[str, datetime, Message, bytes]:
    kind = "void" if target else "release"
    payload = {"time": "2025-01-31T08:00:00-05:00", "data": {"target": {"source": source, "id": target}}}
    message = Message(source, fact_id, f"k1:{person}", f"siep.{kind}.v1", None)
    return "counted", FIRST + timedelta(days=day), message, orjson.dumps(payload)


TOLD = {
    0: [
        _record(0, "a", "ep-001", "one"),
        _record(0, "a", "ep-001", "alone"),
        _record(1, "a", "ep-002", "two"),
        _record(9, "a", "ep-002", "void-two", "two"),
    ],
    1: [
        _record(0, "b", "ep-002", "one"),  # of another source: another fact
        _record(4, "b", "ep-002", "two"),
        _record(5, "b", "ep-001", "one"),
        ("duplicate", *_record(6, "b", "ep-001", "alone")[1:]),  # as if: only what is counted can be one of two
    ],
}


@pytest.fixture(scope="module")
async def figures(clickhouse_settings: Settings) -> AsyncIterator[ClickHouseFigures]:
    async with await connect_async(clickhouse_settings) as client:
        await client.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        journal = ClickHouseJournal(client, JOURNAL)
        for partition, many in TOLD.items():
            rows = [
                Consumed(offset, offset + 1, int(at.timestamp() * 1000), outcome, message, payload, [])  # type: ignore[arg-type]
                for offset, (outcome, at, message, payload) in enumerate(many)
            ]
            await journal.append(partition, 0, 0, rows)
        yield ClickHouseFigures(client, JOURNAL)
        await client.command(f"DROP TABLE {JOURNAL}")


async def _asked(figures: ClickHouseFigures, **narrower: Any) -> Anomalies:
    period = {"first_day": date(2025, 2, 1), "end_day": date(2025, 3, 1), "state": AnomalyState.ANY}
    return await figures.shared_identities(SharedIdentityQuestion(**period | narrower))


async def test_two_persons_under_one_identity_are_told_until_one_of_them_is_voided(figures: ClickHouseFigures) -> None:
    found = await _asked(figures)
    assert (found.open, found.resolved) == (1, 1)
    stands, resolved = found.items
    assert (stands.kind, stands.fact, stands.establishments) == (
        "shared_identity",
        ("ep-001", "one", "siep.release.v1"),
        ("ep-001",),
    )
    assert (stands.since, stands.noticed_at) == ("2025-01-31T13:00:00.000+00:00", "2025-02-06T15:00:00.000+00:00")
    assert (stands.resolved_at, stands.resolved_by) == (None, None)
    assert resolved.fact == ("ep-002", "two", "siep.release.v1")
    assert resolved.noticed_at == "2025-02-05T15:00:00.000+00:00"
    assert resolved.resolved_at == "2025-02-10T15:00:00.000+00:00"
    assert resolved.resolved_by == ("ep-002", "void-two", "siep.void.v1")


@pytest.mark.parametrize(
    ("narrower", "ids"),
    [
        ({"state": AnomalyState.OPEN}, ["one"]),
        ({"state": AnomalyState.RESOLVED}, ["two"]),
        ({"establishment": "ep-001"}, ["one"]),
        ({"establishment": "ep-002"}, ["two"]),
        ({"establishment": "ep-003"}, []),
        ({"first_day": date(2025, 2, 5), "end_day": date(2025, 2, 6)}, ["two"]),  # noticed then, whenever told first
        ({"first_day": date(2025, 2, 7), "end_day": date(2025, 2, 10)}, []),
        ({"first": 1, "skip": 1}, ["two"]),
    ],
)
async def test_a_question_may_be_narrower(figures: ClickHouseFigures, narrower: dict[str, Any], ids: list[str]) -> None:
    assert [one.fact.id for one in (await _asked(figures, **narrower)).items] == ids


async def test_it_is_told_as_it_was_known(figures: ClickHouseFigures) -> None:
    known = {day: KnownAt(time=FIRST + timedelta(days=day, hours=1)) for day in (0, 4, 5)}
    assert (await _asked(figures, as_known_at=known[0])).items == ()
    (two,) = (await _asked(figures, as_known_at=known[4])).items
    assert (two.fact.id, two.resolved_at) == ("two", None)
    assert (await _asked(figures, as_known_at=known[5])).open == 2
    now = await _asked(figures)
    again = await _asked(figures, as_known_at=KnownAt(position=str(now.provenance.position)))
    assert (again.items, again.open, again.resolved) == (now.items, now.open, now.resolved)


ASKED = """query ($of: String, $from: Date! = "2024-11-01", $to: Date! = "2025-05-01") {
  sharedIdentities(from: $from, to: $to, establishment: $of, state: ANY) {
    open resolved items { kind { code label { es en } } fact { source id type } resolvedBy { id } } provenance { position }
  }
}"""


async def test_graphql_tells_none_where_there_are_none_and_an_establishment_only_of_its_own(
    gateway: httpx.AsyncClient,
) -> None:
    answer = (await said(gateway, ASKED))["data"]["sharedIdentities"]
    assert (answer["open"], answer["resolved"], answer["items"]) == (0, 0, [])
    assert "errors" not in await said(gateway, ASKED, "key-ep-001")
    refused = await said(gateway, ASKED, "key-ep-001", of="ep-002")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for to, why in {"2024-11-01": "from must be before to", "2025-11-03": "at most 366 days apart"}.items():
        assert why in (await said(gateway, ASKED, to=to))["errors"][0]["message"]
