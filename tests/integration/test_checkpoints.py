"""Checkpoints: when they are made, that they never differ, and that a figure which begins at one is the same."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.checkpoints import Checkpoint, ClickHouseCheckpoints
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.statements import closes, projection
from shared.contracts.questions import LEDGER_VERSION, Filter, KnownAt, LogPosition, Question
from shared.contracts.topics import PARTITIONS
from shared.domain.dimensions import Dimension
from shared.domain.measures import MEASURES, Interval, Measure
from shared.runtime.settings import Settings
from tests.support.slow_count import SlowCount, known_then
from tests.support.small_ledger import consumed, lima_date, rows_of, write

JOURNAL, TABLE, ROLLS = "journal_checked", "checkpoint_checkedc", "roll_checked"
MADE = consumed(11, 200)
ROWS = rows_of(MADE)
SLOW = SlowCount(ROWS)
DAYS = sorted({lima_date(one.recorded_at_ms) for many in MADE.values() for one in many})
LATE = sum(lima_date(row.recorded_ms).replace(day=1) > row.day for row in ROWS)
LATER = sum(lima_date(row.recorded_ms).replace(day=1) - timedelta(days=28) > row.day for row in ROWS)
AHEAD = sum(row.day.replace(day=1) > lima_date(row.recorded_ms) for row in ROWS)
HELD = (
    (Dimension.ESTABLISHMENT, Dimension.SEX, Dimension.LEGAL_STATUS, Dimension.REGIONAL_OFFICE, Dimension.DEPARTMENT),
    (Dimension.ESTABLISHMENT, Dimension.OFFENCE, Dimension.LEGAL_STATUS, Dimension.OFFENCE_GENERIC, Dimension.ATTEMPT),
)
IN_BALANCES = sorted(MEASURES[Measure.BALANCE].dimensions)
TURNING = (Dimension.AGE_BAND, Dimension.REGIONAL_OFFICE)
"""The one turns with a month, the other on the day on which a prison moves to another office."""
MOVES = max(row.day for row in SLOW.of_sites)
NEW_YEAR = date(2025, 1, 1)
QUESTIONS = 4
"""So many are asked of the same checkpoints: to make some takes longer than to ask."""
STOCKS = [m for m in Measure if MEASURES[m].kind == "stock" and m is not Measure.SUPERVISED_PERSONS]


@pytest.fixture(scope="module")
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        await connected.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        await connected.command(f"CREATE TABLE {TABLE} AS checkpoint_3c")
        await connected.command(f"CREATE TABLE {ROLLS} AS roll_3")
        await write(ClickHouseJournal(connected, JOURNAL), MADE)
        yield connected
        await connected.command(f"DROP TABLE {JOURNAL}")
        await connected.command(f"DROP TABLE {TABLE}")
        await connected.command(f"DROP TABLE {ROLLS}")


@pytest.fixture
async def checkpoints(client: AsyncClient) -> ClickHouseCheckpoints:
    await client.command(f"TRUNCATE TABLE {TABLE}")
    await client.command(f"TRUNCATE TABLE {ROLLS}")
    return ClickHouseCheckpoints(client, JOURNAL)


async def tick(client: AsyncClient, partition: int, day: date) -> None:
    """The partition hears of a day at noon."""
    at = datetime(day.year, day.month, day.day, 17, tzinfo=UTC)
    row = [partition, 10**6 + (day - DAYS[0]).days, 0, 1, at, "tick"]
    names = ["partition", "offset", "line", "seq", "recorded_at", "outcome"]
    await client.insert(JOURNAL, [row], column_names=names)


@pytest.fixture(scope="module")
async def passed(client: AsyncClient) -> date:
    """All partitions have passed the last record; the day they have reached."""
    reached = DAYS[-1] + timedelta(days=1)
    for partition in range(PARTITIONS):
        await tick(client, partition, reached)
    return reached


def test_this_country_has_news_of_the_months_before() -> None:
    assert LATE > 50
    assert LATER > 20, "also of months long before"
    assert AHEAD > 10, "and of the months after"
    assert len({day.replace(day=1) for day in DAYS}) > 2


async def test_a_month_is_due_once_every_partition_has_passed_it(
    client: AsyncClient, checkpoints: ClickHouseCheckpoints
) -> None:
    """One partition that lags, or has nothing yet, may still bring what belongs into the month."""
    assert not MADE[8], "the merged persons: nobody is in there yet"
    assert await checkpoints.due() == []
    second = (DAYS[0].replace(day=1) + timedelta(days=32)).replace(day=1)
    for partition in range(PARTITIONS):
        assert await checkpoints.due() == []
        await tick(client, partition, second)
    assert await checkpoints.due() == [second]


async def test_each_month_is_made_once(client: AsyncClient, checkpoints: ClickHouseCheckpoints, passed: date) -> None:
    due = await checkpoints.due()
    months = {(DAYS[0] + timedelta(days=n)).replace(day=1) for n in range((passed - DAYS[0]).days + 1)}
    assert due == sorted(months)[1:]
    for month in due:
        await checkpoints.make(month)
    assert await checkpoints.due() == []
    assert await client.command(f"SELECT count() FROM {TABLE} WHERE held = 'position'") == len(due)


async def test_a_new_year_without_its_roll_is_due(
    client: AsyncClient, checkpoints: ClickHouseCheckpoints, passed: date
) -> None:
    """As it is where checkpoints were made before there were rolls."""
    for month in await checkpoints.due():
        await checkpoints.make(month)
    await client.command(f"TRUNCATE TABLE {ROLLS}")
    assert await checkpoints.due() == [NEW_YEAR]
    await checkpoints.make(NEW_YEAR)
    assert await checkpoints.due() == []


async def test_made_again_it_is_the_same(client: AsyncClient, checkpoints: ClickHouseCheckpoints, passed: date) -> None:
    month = (await checkpoints.due())[-1]
    said = f"SELECT groupArray(tuple(*)) FROM (SELECT * FROM {TABLE} FINAL ORDER BY ALL)"
    await checkpoints.make(month)
    once = (await client.query(said)).result_rows
    await checkpoints.make(month)
    assert (await client.query(said)).result_rows == once
    assert await client.command(
        f"SELECT sum(stock_delta) FROM {TABLE} FINAL WHERE held = 'core' AND book = 'custody'"
    ) == (sum(r.entry.stock_delta for r in ROWS if r.entry.book == "custody" and lima_date(r.recorded_ms) < month))


@pytest.mark.parametrize("seed", range(25))
async def test_any_stock_at_any_time_as_known_at_any_other(client: AsyncClient, passed: date, seed: int) -> None:
    """With some of the checkpoints made, all, or none, it is the slow count of the rows known then."""
    dice = random.Random(seed)
    checkpoints = await some_of_them(client, dice)
    for _ in range(QUESTIONS):
        await assert_counted(client, checkpoints, any_stock(dice, any_time(dice)))


@pytest.mark.parametrize("seed", range(25))
async def test_any_series_whose_closes_end_months(client: AsyncClient, passed: date, seed: int) -> None:
    """Each close may rest on its own checkpoint; between those, no news that came later is lost or counted twice."""
    dice = random.Random(seed)
    checkpoints = await some_of_them(client, dice, of_all=dice.choice((0.7, 1.0)))
    for _ in range(QUESTIONS):
        await assert_counted(client, checkpoints, any_stock(dice, some_period(dice)))


@pytest.mark.parametrize("by", [Dimension.SEX, Dimension.OFFENCE])
async def test_what_was_told_on_the_first_of_a_month_about_those_before_counts_once(
    client: AsyncClient, checkpoints: ClickHouseCheckpoints, passed: date, by: Dimension
) -> None:
    firsts = {lima_date(row.recorded_ms) for row in ROWS if row.day < lima_date(row.recorded_ms).replace(day=1)}
    assert any(day.day == 1 for day in firsts)
    for month in await checkpoints.due():
        await checkpoints.make(month)
    period = {"from_day": DAYS[0], "to_day": DAYS[-1] + timedelta(days=60), "interval": Interval.MONTH}
    await assert_counted(client, checkpoints, Question(measure=Measure.POPULATION, dimensions=(by,), **period))


@pytest.mark.parametrize("seed", range(25))
async def test_any_stock_that_only_a_roll_holds(client: AsyncClient, passed: date, seed: int) -> None:
    """By any dimensions, of persons as of entries: what was counted at New Year, and what was recorded since."""
    dice = random.Random(seed)
    checkpoints = await some_of_them(client, dice, of_all=0.95)
    for _ in range(QUESTIONS):
        await assert_counted(client, checkpoints, any_rolled(dice))


@pytest.mark.parametrize("seed", range(10))
async def test_any_list_of_establishments(client: AsyncClient, passed: date, seed: int) -> None:
    """With some of the checkpoints made, who is inside and how many places there are is the slow count of the two."""
    dice = random.Random(seed)
    checkpoints = await some_of_them(client, dice)
    for _ in range(QUESTIONS):
        day, at = some_day(dice), some_knowledge(dice)
        listed = await ClickHouseFigures(client, JOURNAL, checkpoints=checkpoints).establishments(day, at)
        assert listed == await ClickHouseFigures(client, JOURNAL).establishments(day, at)
        known, by_site = known_then(ROWS, at), (Dimension.ESTABLISHMENT,)
        inside, places = (known.stock(book, by_site, {}, day) for book in ("custody", "capacity"))
        assert [(each.population, each.capacity) for each in listed[0]] == [
            (inside.get((each.code,), 0), places.get((each.code,))) for each in listed[0]
        ]


async def assert_counted(client: AsyncClient, checkpoints: ClickHouseCheckpoints, question: Question) -> None:
    table = await ClickHouseFigures(client, JOURNAL, checkpoints=checkpoints).answer(question)
    assert table == await ClickHouseFigures(client, JOURNAL).answer(question)
    known = known_then(ROWS, question.as_known_at)
    if question.measure is Measure.SUPERVISED_PERSONS:
        assert {tuple(row[:-2]): list(row[-2:]) for row in table.rows} == known.persons(question)
        return
    found = {tuple(row[:-1]): row[-1] for row in table.rows}
    assert {cell: value for cell, value in found.items() if value or question.dimensions} == known.cells(question)


@pytest.mark.parametrize("seed", range(20))
async def test_any_balance_as_known_at_any_time(client: AsyncClient, passed: date, seed: int) -> None:
    """It opens with what a checkpoint holds, if there is one; the lines are those of the slow balance."""
    dice = random.Random(seed)
    checkpoints = await some_of_them(client, dice)
    for _ in range(QUESTIONS):
        await assert_balanced(client, checkpoints, dice)


async def assert_balanced(client: AsyncClient, checkpoints: ClickHouseCheckpoints, dice: random.Random) -> None:
    start = dice.choice((some_day(dice), some_day(dice).replace(day=1), MOVES))
    question = Question(
        measure=Measure.BALANCE,
        dimensions=tuple(dice.sample(dice.choice((*HELD, IN_BALANCES, TURNING)), dice.randrange(3))),
        as_known_at=some_knowledge(dice),
        from_day=start,
        to_day=start + timedelta(days=dice.choice((1, 30, 90))),
    )
    table = await ClickHouseFigures(client, JOURNAL, checkpoints=checkpoints).answer(question)
    assert table == await ClickHouseFigures(client, JOURNAL).answer(question)
    asked = len(question.dimensions)
    found = {tuple(row[:asked]): list(row[asked + 1 :]) for row in table.rows}
    expected = known_then(ROWS, question.as_known_at).balance(
        question.dimensions, {}, question.from_day, question.to_day
    )
    assert {cell: line for cell, line in found.items() if asked or any(line)} == expected


@pytest.mark.parametrize(
    ("measure", "by"),
    [
        *((Measure.POPULATION, by) for by in (Dimension.ESTABLISHMENT, Dimension.OFFENCE, Dimension.SCHOOLING)),
        (Measure.SUPERVISED_PERSONS, Dimension.SUPERVISION_UNIT),  # and how many of them are inside
    ],
)
async def test_what_was_told_ahead_of_a_month_is_not_counted_on_its_eve(
    client: AsyncClient, checkpoints: ClickHouseCheckpoints, passed: date, measure: Measure, by: Dimension
) -> None:
    months = await checkpoints.due()
    for month in months:
        await checkpoints.make(month)
    for month in months:
        for day in (month - timedelta(days=1), month):
            await assert_counted(client, checkpoints, Question(measure=measure, dimensions=(by,), at=day))


async def test_such_questions_begin_at_a_checkpoint(client: AsyncClient, passed: date) -> None:
    """Otherwise the test above would show nothing."""
    checkpoints = ClickHouseCheckpoints(client, JOURNAL)
    for month in await checkpoints.due():
        await checkpoints.make(month)

    async def rested(when: Callable[[random.Random], dict[str, Any]]) -> list[list[Checkpoint]]:
        asked = [any_stock(dice, when(dice)) for dice in map(random.Random, range(150))]
        return [await checkpoints.under(closes(question), question.as_known_at) for question in asked]

    begun = await rested(any_time)
    assert sum(bool(found) for found in begun) > 50
    assert len({found[0] for found in begun if found}) > 2
    assert sum(len(found) > 2 for found in await rested(some_period)) > 30, "closes with checkpoints of their own"
    of_rolls = [asked for seed in range(150) if projection(asked := any_rolled(random.Random(seed))) is None]
    on_rolls = [await checkpoints.roll_under(closes(question)[0], question.as_known_at) for question in of_rolls]
    assert sum([one.month for one in found] == [NEW_YEAR] for found in on_rolls) > 50


async def some_of_them(client: AsyncClient, dice: random.Random, *, of_all: float = 0.7) -> ClickHouseCheckpoints:
    """The checkpoints, of which some are made, and some twice."""
    checkpoints = ClickHouseCheckpoints(client, JOURNAL)
    await client.command(f"TRUNCATE TABLE {TABLE}")
    await client.command(f"TRUNCATE TABLE {ROLLS}")
    for month in await checkpoints.due():
        for _ in range(dice.choice((1, 1, 2)) if dice.random() < of_all else 0):
            await checkpoints.make(month)
    return checkpoints


def some_day(dice: random.Random) -> date:
    day = DAYS[0] + timedelta(days=dice.randrange((DAYS[-1] - DAYS[0]).days + 20))
    return day if dice.random() < 0.7 else day.replace(day=1) - timedelta(days=1)  # where a checkpoint ends


def any_time(dice: random.Random) -> dict[str, Any]:
    """A day, or a period of some days in pieces of any length."""
    day = some_day(dice)
    if dice.random() < 0.6:
        return {"at": day}
    return {
        "from_day": day,
        "to_day": day + timedelta(days=dice.randrange(1, 90)),
        "interval": dice.choice((None, *Interval)),
    }


def some_period(dice: random.Random) -> dict[str, Any]:
    """A period that may begin before all and end after all, in pieces that end with months."""
    start = DAYS[0] + timedelta(days=dice.randrange(-15, 60))
    interval = dice.choice((Interval.MONTH, Interval.MONTH, Interval.QUARTER, Interval.YEAR))
    return {"from_day": start, "to_day": start + timedelta(days=dice.randrange(30, 240)), "interval": interval}


def any_rolled(dice: random.Random) -> Question:
    """A stock by any dimensions, most of which the checkpoints of months do not hold together."""
    measure = dice.choice((*STOCKS, *[Measure.SUPERVISED_PERSONS] * 3))
    when = dice.choice((any_time, some_period))(dice)
    of_all = sorted(MEASURES[measure].dimensions)
    by = tuple(dice.sample(of_all, min(len(of_all), dice.randrange(1, 4))))
    return Question(measure=measure, dimensions=by, as_known_at=some_knowledge(dice), **when)


def any_stock(dice: random.Random, when: dict[str, Any]) -> Question:
    held = dice.choice(HELD)
    measure = dice.choice(STOCKS)
    fit = [d for d in held if d in MEASURES[measure].dimensions]
    dimensions = tuple(dice.sample(fit, dice.randrange(min(3, len(fit)) + 1)))
    filters: tuple[Filter, ...] = ()
    if fit and dice.random() < 0.4:
        by = dice.choice(fit)
        seen = sorted({SLOW.member(r, DAYS[-1], DAYS[-1], by) for r in ROWS if r.entry.book == MEASURES[measure].book})
        filters = (Filter(dimension=by, codes=tuple(seen[:2])),) if seen else ()
    return Question(measure=measure, dimensions=dimensions, filters=filters, as_known_at=some_knowledge(dice), **when)


def some_knowledge(dice: random.Random) -> KnownAt | None:
    day = DAYS[0] + timedelta(days=dice.randrange((DAYS[-1] - DAYS[0]).days + 2))
    close = datetime(day.year, day.month, 1, 4, 59, 59, 999_000, tzinfo=UTC)  # the last moment of a month in Lima
    within = datetime(day.year, day.month, day.day, dice.randrange(24), tzinfo=UTC)
    back = dice.randrange(4)
    reached = LogPosition(
        LEDGER_VERSION, tuple(max(0, len(MADE[p]) - dice.randrange(back * 20 + 1)) for p in range(PARTITIONS))
    )
    return dice.choice((None, KnownAt(time=close), KnownAt(time=within), KnownAt(position=str(reached))))
