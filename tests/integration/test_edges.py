"""What lies exactly at the moment, or on the first or the last day, that is asked for: inside, or outside by a millisecond."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.contracts.anomalies import SharedIdentityQuestion
from shared.contracts.headcounts import HeadcountQuestion
from shared.contracts.questions import Filter, LastHeard, Question
from shared.contracts.topics import MERGED_PARTITION, partition_of
from shared.domain.dimensions import Dimension
from shared.domain.facts import DAY_MS, Fact
from shared.domain.headcounts import Compared, Persons
from shared.domain.measures import Measure
from shared.runtime.settings import Settings
from tests.support.logs import token
from tests.support.small_ledger import counted, standing, write

JOURNAL = "journal_edges"
DAY, NEXT = date(2025, 2, 10), date(2025, 2, 11)
MIDNIGHT = int(datetime(2025, 2, 10, 5, tzinfo=UTC).timestamp() * 1_000)
MOMENT = MIDNIGHT + DAY_MS // 2
"""Of the signed count."""


def _fact(name: str, kind: str, at_ms: int, source: str = "ep-001", **data: Any) -> Fact:
    return Fact(source, name, kind, at_ms, {"establishment": source} | data)


def _admission(name: str, at_ms: int, source: str = "ep-001") -> Fact:
    profile = {"sex": "male", "birth_date": "1980-05-01", "nationality": "PE"}
    return _fact(name, "admission", at_ms, source, motive="nuevo-ingreso", profile=profile, cases=[])


def _count(name: str, at_ms: int) -> Fact:
    found = {"sex": "male", "present": 1, "absent": 0, "in_transit": 0}
    return _fact(name, "headcount", at_ms, counted=[found], signed_by="alcaide")


TOLD = [
    (MOMENT, "ep-001", Fact("inpe", "places", "capacity", MOMENT, {"establishment": "ep-001", "places": 5})),
    (MIDNIGHT, "ep-003", standing("under-lima", MIDNIGHT, "lima", "ep-003")),
    (MIDNIGHT + 1, "ep-003", standing("moved", MIDNIGHT + 1, "centro", "ep-003")),
    (MIDNIGHT, "ep-066", standing("under-norte", MIDNIGHT, "norte", "ep-066")),
    (MIDNIGHT + 1, "ep-066", standing("under-altiplano", MIDNIGHT + 1, "altiplano", "ep-066")),
    (
        MIDNIGHT + 2,
        "ep-003",
        Fact("inpe", "not-moved", "void", MIDNIGHT, {"target": {"source": "inpe", "id": "moved"}}),
    ),
    (MOMENT - 9, token(1), _admission("leaves", MOMENT - 9)),
    (MOMENT, token(1), _fact("leaves-then", "transfer_departure", MOMENT, destination="ep-002", motive="salud")),
    (MOMENT - 9, token(2), _admission("stays", MOMENT - 9)),
    (
        MOMENT + 1,
        token(2),
        _fact("leaves-later", "transfer_departure", MOMENT + 1, destination="ep-002", motive="salud"),
    ),
    (MOMENT + 1, token(3), _admission("comes-then", MOMENT)),
    (MOMENT + 2, token(4), _admission("comes-later", MOMENT + 1)),
    (MOMENT, token(5), _admission("told-then", MOMENT - DAY_MS)),
    (MOMENT + 1, token(6), _admission("told-later", MOMENT - DAY_MS)),
    (MOMENT, token(7), _fact("never-came", "release", MOMENT, liberty_type="libertad-simple")),
    (MOMENT + 1, token(8), _fact("never-came-later", "release", MOMENT + 1, liberty_type="libertad-simple")),
    (MOMENT + 3, "ep-001", _count("signed", MOMENT)),
    (MOMENT + 60_000, "ep-001", _count("mistaken", MOMENT + 60_000)),
    (MOMENT + 90_000, "ep-001", _fact("not-so", "void", MOMENT, target={"source": "ep-001", "id": "mistaken"})),
    (MIDNIGHT, token(9), _admission("first-of-day", MIDNIGHT - 9, "ep-003")),
    (MIDNIGHT + DAY_MS, token(10), _admission("first-of-next", MIDNIGHT - 9, "ep-003")),
    (MIDNIGHT - 3 * DAY_MS, token(11), _admission("twice", MIDNIGHT - 4 * DAY_MS, "ep-066")),
    (MIDNIGHT, token(12), _admission("twice", MIDNIGHT - 2 * DAY_MS, "ep-066")),
]


@pytest.fixture(scope="module")
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        await connected.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        made = counted(TOLD)
        (last,) = (one for one in made[partition_of(token(10))] if one.message.id == "first-of-next")
        made[MERGED_PARTITION] = [
            last._replace(offset=n, seq=n + 1, recorded_at_ms=MIDNIGHT + 2 * DAY_MS, outcome=outcome, entries=[])
            for n, outcome in enumerate(("copied", "repeated"))
        ]
        await write(ClickHouseJournal(connected, JOURNAL), made)
        yield connected
        await connected.command(f"DROP TABLE {JOURNAL}")


@pytest.fixture(scope="module")
def figures(client: AsyncClient) -> ClickHouseFigures:
    return ClickHouseFigures(client, JOURNAL)


@pytest.mark.parametrize(
    ("first", "last", "found"),
    [(DAY, DAY, ["signed"]), (None, DAY, ["signed"]), (None, DAY - timedelta(1), []), (NEXT, NEXT, [])],
)
async def test_a_count_is_of_its_day_and_gone_when_it_is_voided(
    figures: ClickHouseFigures, first: date | None, last: date, found: list[str]
) -> None:
    told = await figures.headcounts(HeadcountQuestion(from_day=first, last_day=last))
    assert [one.fact.id for one in told.items] == found


async def test_the_roll_of_a_count_is_that_of_its_millisecond(figures: ClickHouseFigures) -> None:
    (count,) = (await figures.headcounts(HeadcountQuestion(last_day=DAY))).items
    assert count.at_ms == MOMENT
    assert count.lines == (Compared("male", Persons(1), Persons(present=4, in_transit=1)),)


async def test_what_explains_a_count_happened_by_then_and_was_told_after(figures: ClickHouseFigures) -> None:
    told = await figures.headcounts(HeadcountQuestion(last_day=DAY))
    explained = await figures.explanations(told.items[0], told.provenance.position)
    assert sorted((one.kind, one.fact.id) for one in explained.items) == [
        ("anomaly", "never-came"),
        ("in_transit", "leaves-then"),
        ("told_after", "comes-then"),
        ("told_after", "told-later"),
    ]


@pytest.mark.parametrize("day", [DAY, NEXT])
async def test_receipts_of_a_day_begin_with_midnight_in_lima(client: AsyncClient, day: date) -> None:
    async def connected() -> AsyncClient:
        return client

    book = ClickHouseReceipts(connected, KafkaLogEnds("127.0.0.1:1"), JOURNAL)
    told = await book.sums(day, day + timedelta(1), "ep-003")
    assert [(one.day, one.sent) for one in told.days] == [(day, 1)]


@pytest.mark.parametrize(("day", "found"), [(DAY - timedelta(1), []), (DAY, ["twice"]), (NEXT, [])])
async def test_an_id_of_two_persons_is_told_on_the_days_on_which_it_was_recorded(
    figures: ClickHouseFigures, day: date, found: list[str]
) -> None:
    asked = SharedIdentityQuestion(first_day=day, end_day=day + timedelta(1))
    items = (await figures.shared_identities(asked)).items
    assert [one.fact.id for one in items] == found
    assert {one.since for one in items} <= {"2025-02-08T05:00:00.000+00:00"}, "of the fact that was told last"


async def test_a_prison_with_a_fifth_too_many_is_not_yet_critical(figures: ClickHouseFigures) -> None:
    crowded = Question(measure=Measure.CROWDING, dimensions=(Dimension.ESTABLISHMENT,), at=DAY)
    (row,) = (row for row in (await figures.answer(crowded)).rows if row[0] == "ep-001")
    assert row[1:] == (6, 5, 1, 1.2, 0.2, False)


@pytest.mark.parametrize(("site", "office"), [("ep-003", "lima"), ("ep-066", "altiplano")])
async def test_of_a_day_the_last_standing_counts_that_was_not_taken_back(
    figures: ClickHouseFigures, site: str, office: str
) -> None:
    prison = Filter(dimension=Dimension.ESTABLISHMENT, codes=(site,))
    placed = Question(measure=Measure.POPULATION, dimensions=(Dimension.REGIONAL_OFFICE,), filters=(prison,), at=DAY)
    assert (await figures.answer(placed)).rows == [(office, 2)]
    listed, _ = await figures.establishments(DAY, None)
    assert [one.office for one in listed if one.code == site] == [office]


async def test_establishments_are_in_force_from_their_first_day_on(figures: ClickHouseFigures) -> None:
    now = await figures.position(None)
    assert await figures.open_establishments(DAY - timedelta(1), now) == ()
    assert await figures.open_establishments(DAY, now) == ("ep-003", "ep-066")


async def test_what_aggregators_tell_each_other_later_is_not_heard_of_the_establishment(
    figures: ClickHouseFigures,
) -> None:
    heard = await figures.last_heard(DAY, await figures.position(None))
    moments = {"ep-066": "2025-02-10T05:00:00.000+00:00", "ep-003": "2025-02-11T05:00:00.000+00:00"}
    assert heard == tuple(LastHeard(site, at) for site, at in moments.items())
