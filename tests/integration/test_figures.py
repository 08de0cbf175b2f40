"""Every figure against a slow count of the same rows, on a real engine."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from services.gateway.handlers import WITH_HISTORY, Asking
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.questions import (
    LAST_DAY,
    LEDGER_VERSION,
    MAX_ROWS,
    Filter,
    KnownAt,
    LogPosition,
    NegativeCellError,
    Question,
    Table,
    TooManyRowsError,
    Top,
)
from shared.contracts.terms import FIRST_DAY
from shared.contracts.topics import PARTITIONS
from shared.domain import dimensions
from shared.domain.measures import MEASURES, PLACES, Interval, Measure, crowding
from shared.runtime.clock import FixedClock
from shared.runtime.settings import Settings
from tests.support.slow_count import SlowCount, known_then
from tests.support.small_ledger import FIRST, LAST, consumed, lima_date, rows_of, write

D = dimensions.Dimension
JOURNAL = "journal_figures"
PEOPLE = 250
MADE = consumed(7, PEOPLE)
ROWS = rows_of(MADE)
SLOW = SlowCount(ROWS)
DAY = date(2025, 2, 28)
PERIOD = {"from_day": date(2024, 12, 10), "to_day": date(2025, 3, 20)}
MOVES = max(row.day for row in SLOW.of_sites)
"""The day on which a prison comes under another office."""
SEXES = (("female", 2), ("male", -1))
STOCKS = [m for m in Measure if MEASURES[m].kind == "stock" and m is not Measure.SUPERVISED_PERSONS]
FLOWS = [m for m in Measure if MEASURES[m].kind in ("flow", "transfer")]


@pytest.fixture(scope="module")
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        await connected.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        await write(ClickHouseJournal(connected, JOURNAL), MADE)
        yield connected
        await connected.command(f"DROP TABLE {JOURNAL}")


@pytest.fixture(scope="module")
def figures(client: AsyncClient) -> ClickHouseFigures:
    return ClickHouseFigures(client, JOURNAL)


def filtered(filters: dict[D, tuple[str, ...]]) -> tuple[Filter, ...]:
    return tuple(Filter(dimension=dimension, codes=codes) for dimension, codes in filters.items())


def cells(table: Table) -> dict[tuple[Any, ...], int]:
    """A table of one value as cells; its rows come in the order of their codes, so the same answer is the same bytes."""
    assert table.rows == sorted(table.rows)
    return {tuple(row[:-1]): row[-1] for row in table.rows}


@pytest.mark.parametrize(
    ("measure", "dimension"), [(measure, d) for measure in STOCKS for d in sorted(MEASURES[measure].dimensions)]
)
async def test_every_stock_by_every_dimension(figures: ClickHouseFigures, measure: Measure, dimension: D) -> None:
    question = Question(measure=measure, dimensions=(dimension,), at=DAY)
    expected = SLOW.cells(question)
    assert expected, "nothing to count"
    table = await figures.answer(question)
    assert cells(table) == expected
    assert table.totals == [(sum(expected.values()),)], "every level adds up to the whole"


@pytest.mark.parametrize(
    ("measure", "dimension"), [(measure, d) for measure in FLOWS for d in sorted(MEASURES[measure].dimensions)]
)
async def test_every_flow_by_every_dimension(figures: ClickHouseFigures, measure: Measure, dimension: D) -> None:
    question = Question(measure=measure, dimensions=(dimension,), interval=Interval.MONTH, **PERIOD)
    expected = SLOW.cells(question)
    assert expected or measure is Measure.NET_TRANSFERS or MEASURES[measure].kind == "transfer", "nothing to count"
    assert cells(await figures.answer(question)) == expected


@pytest.mark.parametrize(
    ("measure", "dimension"),
    [(Measure.POPULATION, D.AGE_BAND), (Measure.SUPERVISIONS, D.SUPERVISION_AGE_BAND)],
)
async def test_each_band_of_ages_begins_with_its_first_year(
    figures: ClickHouseFigures, measure: Measure, dimension: D
) -> None:
    """In the years to come everybody reaches each age."""
    years = {"from_day": date(2025, 1, 1), "to_day": date(2075, 1, 1), "interval": Interval.YEAR}
    question = Question(measure=measure, dimensions=(dimension,), **years)
    assert cells(await figures.answer(question)) == SLOW.cells(question)


@pytest.mark.parametrize("seed", range(60))
async def test_any_question(figures: ClickHouseFigures, seed: int) -> None:
    question = any_question(random.Random(seed))
    assert cells(await figures.answer(question)) == known_then(ROWS, question.as_known_at).cells(question)


@pytest.mark.parametrize("seed", range(40))
async def test_any_question_cut_to_the_greatest_members(figures: ClickHouseFigures, seed: int) -> None:
    """By the engine too, where the whole is too much to read. Not filtered: of few members all would be kept."""
    dice = random.Random(seed)
    whole = any_question(dice).model_copy(update={"filters": ()})
    top = Top(dimension=dice.choice(whole.dimensions), n=dice.randrange(1, 5))
    question = whole.model_copy(update={"top": top})
    table = await figures.answer(question)
    assert cells(table) == known_then(ROWS, question.as_known_at).cut(question)
    assert table.totals == (await figures.answer(whole)).totals
    assert await figures.answer(question, max_rows=len(table.rows)) == table


@pytest.mark.parametrize(("dimension", "n"), [(D.OFFENCE, 2), (D.AGE_BAND, 3), (D.REGIONAL_OFFICE, 1)])
async def test_the_greatest_of_a_stock_are_those_of_its_last_close(
    figures: ClickHouseFigures, dimension: D, n: int
) -> None:
    top = Top(dimension=dimension, n=n)
    question = Question(measure=Measure.POPULATION, dimensions=(dimension,), interval=Interval.MONTH, top=top, **PERIOD)
    expected = SLOW.cut(question)
    assert len(SLOW.cells(question)) > len(expected), "the engine cuts what is more than that"
    for most in (MAX_ROWS, len(expected)):
        assert cells(await figures.answer(question, max_rows=most)) == expected
    over_all: Counter[str] = Counter()
    for (member, _), count in SLOW.cells(question).items():
        over_all[member] += count
    kept = {member for member, _ in expected} - {"*"}
    assert {member for member, _ in over_all.most_common(n)} != kept, "all closes together say otherwise"


async def test_a_stock_with_a_negative_cell_is_refused(client: AsyncClient) -> None:
    """Also where the whole is not negative: somebody left who never came."""
    await client.command("CREATE TABLE journal_negative AS journal_3")
    noon = datetime(2025, 2, 1, 17, tzinfo=UTC)
    names = ["partition", "offset", "seq", "recorded_at", "book", "effective_at", "sex", "stock_delta"]
    rows = [[0, n, n, noon, "custody", noon, sex, delta] for n, (sex, delta) in enumerate(SEXES)]
    await client.insert("journal_negative", rows, column_names=names)
    negative = ClickHouseFigures(client, "journal_negative")
    assert (await negative.answer(Question(measure=Measure.POPULATION, at=DAY))).totals == [(1,)]
    with pytest.raises(NegativeCellError, match=r"'male', -1.*make verify"):
        await negative.answer(Question(measure=Measure.POPULATION, dimensions=(D.SEX,), at=DAY))
    await client.command("DROP TABLE journal_negative")


@pytest.mark.parametrize("seed", range(60))
async def test_what_changed_any_figure(figures: ClickHouseFigures, seed: int) -> None:
    """The facts recorded between two positions, by day and type, make the difference of the two figures."""
    dice = random.Random(seed)
    measure = dice.choice(WITH_HISTORY)
    filters = {d: codes for d, codes in some_filters(dice, measure).items() if d not in PLACES}
    when: dict[str, Any] = {"at": DAY} if measure in STOCKS else dict(PERIOD)
    question = Question(measure=measure, filters=filtered(filters), **when)
    ends = [sorted((dice.randrange(len(MADE[p]) + 1), len(MADE[p]))) for p in range(PARTITIONS)]
    since, until = (LogPosition(LEDGER_VERSION, tuple(end[n] for end in ends)) for n in (0, 1))
    told = Asking(figures, FixedClock(datetime(2025, 3, 1, tzinfo=UTC)))
    history = await told.history(question, KnownAt(position=str(since)), KnownAt(position=str(until)))
    expected = changes_between(question, filters, since)
    assert {change[:2]: change[2:] for change in history.changes} == expected
    assert history.after - history.before == sum(change for _, change in expected.values())
    assert history.remapped == 0


def changes_between(
    question: Question, filters: dict[D, tuple[str, ...]], since: LogPosition
) -> dict[tuple[str, str], tuple[int, int]]:
    """Recorded day and type -> facts and change, one entry after the other."""
    spec = MEASURES[question.measure]
    by_fact: dict[tuple[int, int], int] = {}
    types = {(p, one.offset): (one.recorded_at_ms, one.message.type) for p, many in MADE.items() for one in many}
    for row in (row for row in ROWS if row.offset >= since.next_offsets[row.partition]):
        entry, fact = row.entry, (row.partition, row.offset)
        if entry.book != spec.book:
            continue
        if spec.kind == "stock":
            value = entry.stock_delta if row.day <= DAY and SLOW.passes(row, DAY, DAY, filters) else 0
        else:
            counts = entry.cause in (*spec.plus, *spec.minus) and PERIOD["from_day"] <= row.day < PERIOD["to_day"]
            sign = -1 if entry.cause in spec.minus else 1
            value = sign * entry.flow_delta if counts and SLOW.passes(row, row.day, row.day, filters) else 0
        by_fact[fact] = by_fact.get(fact, 0) + value
    found: dict[tuple[str, str], tuple[int, int]] = {}
    for fact, change in by_fact.items():
        recorded_ms, fact_type = types[fact]
        key = (lima_date(recorded_ms).isoformat(), fact_type)
        facts, before = found.get(key, (0, 0))
        if change:
            found[key] = (facts + 1, before + change)
    return found


async def test_a_prison_that_moved_changes_the_figure_of_its_office(figures: ClickHouseFigures) -> None:
    """No fact about a person did that: it is told apart."""
    offices = Filter(dimension=D.REGIONAL_OFFICE, codes=("centro",))
    question = Question(measure=Measure.POPULATION, filters=(offices,), at=DAY)
    moved = min(row.recorded_ms for row in ROWS if row.entry.book == "establishment" and "centro" in row.entry.detail)
    before = tuple(sum(one.recorded_at_ms < moved for one in MADE[p]) for p in range(PARTITIONS))
    since = KnownAt(position=str(LogPosition(LEDGER_VERSION, before)))
    told = Asking(figures, FixedClock(datetime(2025, 3, 1, tzinfo=UTC)))
    history = await told.history(question, since, None)
    assert history.before == 0 < history.after
    assert history.remapped > 0


async def test_a_table_is_whole_or_says_how_many_rows_it_would_have(figures: ClickHouseFigures) -> None:
    asked = Question(
        measure=Measure.POPULATION,
        dimensions=(D.ESTABLISHMENT, D.SEX),
        from_day=date(2025, 1, 1),
        to_day=date(2025, 4, 1),
        interval=Interval.MONTH,
    )
    rows = (await figures.answer(asked)).rows
    assert (await figures.answer(asked, max_rows=len(rows))).rows == rows
    for fewer in (1, len(rows) - 1):
        with pytest.raises(TooManyRowsError, match=f"{len(rows)} rows"):
            await figures.answer(asked, max_rows=fewer)


@pytest.mark.parametrize("seed", range(60))
async def test_any_balance(figures: ClickHouseFigures, seed: int) -> None:
    dice = random.Random(seed)
    start = FIRST + timedelta(days=dice.randrange(120))
    question = Question(
        measure=Measure.BALANCE,
        dimensions=some_dimensions(dice, Measure.BALANCE, at_least=0),
        filters=filtered(some_filters(dice, Measure.BALANCE)),
        as_known_at=some_knowledge(dice),
        from_day=start,
        to_day=start + timedelta(days=dice.choice((1, 30, 90, 2_000))),
    )
    await is_the_slow_balance(figures, question)


@pytest.mark.parametrize("dimensions", [(D.AGE_BAND,), (D.AGE_BAND, D.REGIONAL_OFFICE), (D.DISTRICT,)])
async def test_a_balance_over_months_in_which_people_age_and_prisons_move(
    figures: ClickHouseFigures, dimensions: tuple[D, ...]
) -> None:
    days = {"from_day": FIRST, "to_day": LAST + timedelta(days=1)}
    await is_the_slow_balance(figures, Question(measure=Measure.BALANCE, dimensions=dimensions, **days))


@pytest.mark.parametrize(("start", "end"), [(MOVES, LAST), (FIRST, MOVES + timedelta(days=1))])
async def test_a_balance_that_begins_or_ends_with_the_day_on_which_a_prison_moves(
    figures: ClickHouseFigures, start: date, end: date
) -> None:
    """Whoever came or left on that day did so in the new office."""
    moved = Question(measure=Measure.BALANCE, dimensions=(D.REGIONAL_OFFICE,), from_day=start, to_day=end)
    await is_the_slow_balance(figures, moved)


async def is_the_slow_balance(figures: ClickHouseFigures, question: Question) -> None:
    asked = len(question.dimensions)
    filters = {each.dimension: each.codes for each in question.filters}
    expected = known_then(ROWS, question.as_known_at).balance(
        question.dimensions, filters, question.from_day, question.to_day
    )
    lines = {tuple(row[:asked]): list(row[asked + 1 :]) for row in (await figures.answer(question)).rows}
    assert {cell: line for cell, line in lines.items() if asked or any(line)} == expected


async def test_a_balance_has_people_who_age_and_prisons_that_move(figures: ClickHouseFigures) -> None:
    asked = {"dimensions": (D.AGE_BAND, D.REGIONAL_OFFICE), "from_day": date(2025, 1, 1), "to_day": date(2025, 4, 1)}
    table = await figures.answer(Question(measure=Measure.BALANCE, **asked))
    keys = [column.key for column in table.columns]
    for line in ("ageing", "remapping", "reclassification", "transfers_in", "correction"):
        assert any(row[keys.index(line)] for row in table.rows), line


@pytest.mark.parametrize("interval", [Interval.MONTH, Interval.QUARTER, Interval.YEAR])
@pytest.mark.parametrize("measure", [Measure.POPULATION, Measure.ADMISSIONS])
async def test_a_series_from_the_first_to_the_last_day_that_can_be_asked(
    figures: ClickHouseFigures, measure: Measure, interval: Interval
) -> None:
    """Days of the ledger are few: beyond their ends a piece would lie elsewhere."""
    everything = {"from_day": FIRST_DAY, "to_day": LAST_DAY, "interval": interval}
    found = dict((await figures.answer(Question(measure=measure, **everything))).rows)
    expected = SLOW.cells(Question(measure=measure, **everything))
    assert {day: n for day, n in found.items() if n} == {day: n for (day,), n in expected.items()}


@pytest.mark.parametrize("dimension", sorted(PLACES))
async def test_crowding_is_population_beside_capacity(figures: ClickHouseFigures, dimension: D) -> None:
    population, capacity = (SLOW.stock(book, (dimension,), {}, DAY) for book in ("custody", "capacity"))
    table = await figures.answer(Question(measure=Measure.CROWDING, dimensions=(dimension,), at=DAY))
    rows = {tuple(row[:1]): list(row[1:]) for row in table.rows}
    assert rows.keys() == population.keys() | capacity.keys()
    for cell, row in rows.items():
        people, places = population.get(cell, 0), capacity.get(cell, 0)
        assert row == pytest.approx([people, places, *crowding(people, places)])


@pytest.mark.parametrize("dimension", sorted(MEASURES[Measure.SUPERVISED_PERSONS].dimensions))
async def test_supervised_persons_are_distinct(figures: ClickHouseFigures, dimension: D) -> None:
    table = await figures.answer(Question(measure=Measure.SUPERVISED_PERSONS, dimensions=(dimension,), at=DAY))
    assert {tuple(row[:1]): list(row[1:]) for row in table.rows} == SLOW.supervised((dimension,), DAY)


@pytest.mark.parametrize("seed", range(40))
async def test_supervised_persons_at_any_time_as_known_at_any_other(figures: ClickHouseFigures, seed: int) -> None:
    dice = random.Random(seed)
    start = FIRST + timedelta(days=dice.randrange(100))
    pieces = {"from_day": start, "to_day": start + timedelta(days=dice.randrange(1, 90))}
    time: dict[str, Any] = dice.choice(({"at": start}, pieces, pieces | {"interval": dice.choice(list(Interval))}))
    by = some_dimensions(dice, Measure.SUPERVISED_PERSONS, at_least=0)
    question = Question(measure=Measure.SUPERVISED_PERSONS, dimensions=by, as_known_at=some_knowledge(dice), **time)
    expected = known_then(ROWS, question.as_known_at).persons(question)
    found = {tuple(row[:-2]): list(row[-2:]) for row in (await figures.answer(question)).rows}
    assert {cell: counted for cell, counted in found.items() if any(counted) or by} == expected


def any_question(dice: random.Random) -> Question:
    """Any measure, one to four dimensions, up to three filters, any time, anything known."""
    measure = dice.choice([*STOCKS, *FLOWS])
    spec = MEASURES[measure]
    asked, filters = some_dimensions(dice, measure, at_least=1), some_filters(dice, measure)
    start = FIRST + timedelta(days=dice.randrange(100))
    time: dict[str, Any] = {"at": start}
    if spec.kind != "stock" or dice.random() < 0.5:
        time = {"from_day": start, "to_day": start + timedelta(days=dice.randrange(1, 90))}
        time["interval"] = dice.choice((None, *Interval))
    at = some_knowledge(dice)
    return Question(measure=measure, dimensions=asked, filters=filtered(filters), as_known_at=at, **time)


def some_dimensions(dice: random.Random, measure: Measure, at_least: int) -> tuple[D, ...]:
    dims = sorted(MEASURES[measure].dimensions)
    return tuple(dice.sample(dims, min(len(dims), dice.randrange(at_least, 5))))


def some_filters(dice: random.Random, measure: Measure) -> dict[D, tuple[str, ...]]:
    spec = MEASURES[measure]
    dims = sorted(spec.dimensions)
    filters = {}
    for d in dice.sample(dims, min(len(dims), dice.randrange(4))):
        seen = sorted({SLOW.member(r, DAY, DAY, d) for r in ROWS if r.entry.book == spec.book})
        filters[d] = tuple(dice.sample(seen, min(len(seen), dice.choice((1, 2, 3)))))
    return filters


def some_knowledge(dice: random.Random) -> KnownAt | None:
    moment = datetime(2025, 1, 1, 5, tzinfo=UTC) + timedelta(days=dice.randrange(60), hours=dice.choice((0, 7)))
    end_of_day = datetime(2025, 2, 1, 4, 59, 59, 999_000, tzinfo=UTC)
    ahead = {p: len(many) for p, many in MADE.items()}
    position = LogPosition(LEDGER_VERSION, tuple(dice.randrange(ahead[p] + 1) for p in range(PARTITIONS)))
    return dice.choice((None, KnownAt(time=moment), KnownAt(time=end_of_day), KnownAt(position=str(position))))
