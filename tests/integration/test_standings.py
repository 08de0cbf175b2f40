"""How establishments stood before a checkpoint: remembered, and right until one is told of."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.checkpoints import ClickHouseCheckpoints
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.questions import Filter, KnownAt, Question, TooManyRowsError, Top
from shared.contracts.topics import partition_of
from shared.domain.dimensions import Dimension
from shared.domain.facts import Fact
from shared.domain.measures import Measure
from shared.runtime.settings import Settings
from tests.support.logs import token
from tests.support.small_ledger import counted, standing, write

JOURNAL = "journal_placed"
TABLES = {JOURNAL: "journal_3", "checkpoint_placedc": "checkpoint_3c", "roll_placed": "roll_3"}
MONTH, DAY = date(2025, 3, 1), date(2025, 3, 10)
BY_OFFICE = Question(measure=Measure.POPULATION, dimensions=(Dimension.REGIONAL_OFFICE,), at=DAY)


@pytest.fixture
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        for name, like in TABLES.items():
            await connected.command(f"CREATE OR REPLACE TABLE {name} AS {like}")
        yield connected
        for name in TABLES:
            await connected.command(f"DROP TABLE {name}")


@pytest.mark.parametrize("told_on", [date(2025, 3, 1), date(2025, 3, 6)])
async def test_an_establishment_told_of_after_a_checkpoint_lies_where_it_was_told_to_lie(
    client: AsyncClient, told_on: date
) -> None:
    """How establishments stood before the checkpoint is remembered, so the same gateway is asked before and after."""
    rows = counted([
        *_standing("ep-001", "lima", date(2025, 2, 1), date(2025, 2, 1)), *_prisoners("ep-001", 2),
        *_standing("ep-002", "sur-oriente", date(2025, 2, 1), date(2025, 2, 28)), *_prisoners("ep-002", 1),
        *_standing("ep-001", "norte", date(2025, 3, 4), date(2025, 3, 11)),  # ahead: from the day after on
        *_standing("ep-001", "centro", told_on, date(2025, 3, 1)),
    ])  # fmt: skip
    *before, first, second = rows[partition_of("ep-001")]
    figures = ClickHouseFigures(client, JOURNAL, checkpoints=ClickHouseCheckpoints(client, JOURNAL))
    of_men = BY_OFFICE.model_copy(update={"filters": (Filter(dimension=Dimension.SEX, codes=("male",)),)})
    known_before = BY_OFFICE.model_copy(update={"as_known_at": KnownAt(time=datetime(2025, 3, 1, 12, tzinfo=UTC))})
    await write(ClickHouseJournal(client, JOURNAL), rows | {partition_of("ep-001"): before})
    await ClickHouseCheckpoints(client, JOURNAL).make(MONTH)
    office = "lima"
    for told in (None, first, second):
        if told:
            await ClickHouseJournal(client, JOURNAL).append(partition_of("ep-001"), told.offset, 0, [told])
            office = "centro" if told.message.id == f"ep-001-{told_on}" else office
        for question in (BY_OFFICE, of_men):
            assert dict((await figures.answer(question)).rows) == {office: 2, "sur-oriente": 1}
        for question in (known_before, known_before.model_copy(update={"at": date(2025, 2, 28)})):
            assert dict((await figures.answer(question)).rows) == {"lima": 2, "sur-oriente": 1}
    anew = ClickHouseFigures(client, JOURNAL, checkpoints=ClickHouseCheckpoints(client, JOURNAL))
    for question in (of_men, known_before):  # the filtered one first: nothing was found to be told of since by then
        assert await anew.answer(question) == await figures.answer(question)


@pytest.mark.parametrize(
    ("asked", "max_rows", "expected"),
    [
        ({}, 3, {"": 1, "lima": 4, "norte": 1}),
        ({"filters": (Filter(dimension=Dimension.REGIONAL_OFFICE, codes=("lima",)),)}, 3, {"lima": 4}),
        ({"filters": (Filter(dimension=Dimension.REGIONAL_OFFICE, codes=("", "norte")),)}, 3, {"": 1, "norte": 1}),
        ({"filters": (Filter(dimension=Dimension.DISTRICT, codes=("150101",)),)}, 3, {"lima": 4, "norte": 1}),
        ({"filters": (Filter(dimension=Dimension.PROVINCE, codes=("1502",)),)}, 3, {}),
        ({"top": Top(dimension=Dimension.REGIONAL_OFFICE, n=1)}, 3, {"lima": 4, "*": 2}),
        ({"top": Top(dimension=Dimension.REGIONAL_OFFICE, n=1)}, 2, {"lima": 4, "*": 2}),
    ],
)
async def test_establishments_are_put_together_by_what_they_lay_in(
    client: AsyncClient, asked: dict[str, object], max_rows: int, expected: dict[str, int]
) -> None:
    """Four lie in one office, of one nothing is told; there are more of them than rows may be."""
    lima, norte = ("ep-001", "ep-002", "ep-003", "ep-004"), "ep-005"
    rows = counted([
        *(told for site in lima for told in _standing(site, "lima", date(2025, 2, 1), date(2025, 2, 1))),
        *_standing(norte, "norte", date(2025, 2, 1), date(2025, 2, 1)),
        *(told for site in (*lima, norte, "ep-006") for told in _prisoners(site, 1)),
    ])  # fmt: skip
    await write(ClickHouseJournal(client, JOURNAL), rows)
    await ClickHouseCheckpoints(client, JOURNAL).make(MONTH)
    figures = ClickHouseFigures(client, JOURNAL, checkpoints=ClickHouseCheckpoints(client, JOURNAL))
    table = await figures.answer(BY_OFFICE.model_copy(update=asked), max_rows=max_rows)
    assert dict(table.rows) == expected
    assert table.totals == [(sum(expected.values()),)]
    with pytest.raises(TooManyRowsError, match="3"):
        await figures.answer(BY_OFFICE, max_rows=2)


def _standing(site: str, office: str, told: date, since: date) -> Iterator[tuple[int, str, Fact]]:
    yield _noon(told), site, standing(f"{site}-{told}", _noon(since), office, site)


def _prisoners(site: str, people: int) -> Iterator[tuple[int, str, Fact]]:
    profile = {"sex": "male", "birth_date": "1980-05-01", "nationality": "PE"}
    entry = {"establishment": site, "motive": "nuevo-ingreso", "profile": profile, "cases": []}
    for number in range(people):
        at_ms = _noon(date(2025, 2, 2 + number))
        yield at_ms, token(10 * int(site[-1]) + number), Fact(site, f"{site}-{number}", "admission", at_ms, entry)


def _noon(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 17, tzinfo=UTC).timestamp() * 1_000)
