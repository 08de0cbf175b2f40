"""Whatever is killed while a country is loaded, the figures are those of a count that nothing disturbed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date, timedelta

import pytest
import redis

from deploy.demo.country.facts import generate
from deploy.demo.loading import Doors, Line, load
from shared.adapters.clickhouse.client import connect
from shared.contracts.questions import KnownAt, Question
from shared.domain import reference
from shared.domain.dimensions import Dimension
from shared.domain.measures import Interval, Measure
from shared.runtime.settings import Settings
from tests.support.asking import Answer, Asking, NoAnswerError, asking, counted_all
from tests.support.slow_count import SlowCount
from tests.support.stack import RunningStack, local_stack
from tests.support.undisturbed import Told, accepted, people, rows
from tests.support.waiting import until

pytestmark = pytest.mark.stack

PARTS = ("kafka", "clickhouse", "valkey", "ingest", "aggregator", "gateway")
COUNTRY = list(generate(3, 0.012))
BY_KAFKA = frozenset({"ep-045", "ep-036", "ep-046", "ep-019"})
WINDOW = 150
D = Dimension
UNDER_WAY_SECONDS = 0.02
"""So long after a window was taken in, the next one is on its way."""
Mishap = Callable[[], object]

EPOCH, LAST_DAY, THEN = date(1970, 1, 1), date(2026, 1, 31), date(2021, 8, 15)
YEARS = {"from_day": date(2018, 6, 1), "to_day": date(2026, 2, 1)}
TOTAL = Question(measure=Measure.POPULATION, at=LAST_DAY)


@pytest.fixture(scope="module")
def system() -> Iterator[RunningStack]:
    with local_stack(*PARTS) as running:
        yield running


@pytest.fixture(scope="module")
def told(system: RunningStack) -> Told:
    return accepted(COUNTRY, system.environment["SIEP_TOKEN_KEY"])


@pytest.fixture(scope="module")
def slow(told: Told) -> SlowCount:
    return SlowCount(rows(told))


@pytest.fixture(scope="module")
async def seen(system: RunningStack) -> list[Answer]:
    """What was answered while the country was loaded and everything was killed; all is counted now."""
    steps = [*PARTS, "forgotten histories", "second aggregator", "nothing"]
    size = -(-len(COUNTRY) // len(steps))
    portions = (COUNTRY[start : start + size] for start in range(0, len(COUNTRY), size))
    async with asking(system) as client:
        async with _watched(client) as answers:
            for step, portion in zip(steps, portions, strict=True):
                await _load(system, portion, step)
        await until(lambda: counted_all(system, client), "everything is counted", seconds=90)
    return answers


@contextlib.asynccontextmanager
async def _watched(client: Asking) -> AsyncIterator[list[Answer]]:
    """The answers to somebody who asks all the time; there may be no answer, but never an error of another kind."""
    answers: list[Answer] = []

    async def ask() -> None:
        while True:
            with contextlib.suppress(NoAnswerError):
                answers.append(await client.figure(TOTAL))
            await asyncio.sleep(0.1)

    watching = asyncio.create_task(ask())
    try:
        yield answers
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


async def _load(system: RunningStack, portion: list[Line], step: str) -> None:
    """Load a portion, and let this happen while it is on its way."""
    if step in PARTS:
        pid = system.runs(step)
        await _send(system, portion, lambda: system.kill(step))
        await until(lambda: _runs_anew(system, step, pid), f"{step} runs again")
    elif step == "forgotten histories":
        with redis.Redis.from_url(system.environment["SIEP_REDIS"]) as store:
            await _send(system, portion, store.flushall)
    elif step == "second aggregator":
        async with system.second_aggregator() as beside:
            await _send(system, portion, beside.kill)
    else:
        await _send(system, portion, lambda: None)


async def _send(system: RunningStack, portion: list[Line], mishap: Mishap) -> None:
    """Through both doors; the mishap comes when the second window is on its way."""
    environment = system.environment
    keys = json.loads(environment["SIEP_KEYS"])
    doors = Doors(environment["SIEP_INGEST"], environment["SIEP_KAFKA"], keys, BY_KAFKA)
    windows: Counter[str] = Counter()

    def happen() -> None:
        windows["before"] = windows["sent"]
        mishap()

    def sent(_: int) -> None:
        windows["sent"] += 1
        if windows["sent"] == 1:
            asyncio.get_running_loop().call_later(UNDER_WAY_SECONDS, happen)

    await load(portion, doors, sent, window=WINDOW)
    assert 0 < windows["before"] < windows["sent"], "it did not happen in the middle"


async def _runs_anew(system: RunningStack, name: str, before: int | None) -> bool:
    return system.runs(name) not in (None, before)


def _question(measure: Measure, *dimensions: D, **time: object) -> Question:
    return Question.model_validate({"measure": measure, "dimensions": dimensions, **time})


QUESTIONS = [
    *(
        _question(Measure.POPULATION, *dimensions, at=day)
        for day in (LAST_DAY, THEN)
        for dimensions in (
            (D.ESTABLISHMENT, D.PRINTED_STATUS, D.SEX),
            (D.REGIONAL_OFFICE, D.AGE_BAND),
            (D.OFFENCE, D.ATTEMPT, D.LEGAL_STATUS),
            (D.NATIONALITY, D.SCHOOLING, D.CIVIL_STATUS),
            (D.SENTENCE_BAND, D.ADMISSION_NUMBER, D.RECIDIVISM),
            (D.RESIDENCE_DISTRICT,),
        )
    ),
    _question(Measure.POPULATION, D.SEX, interval=Interval.YEAR, **YEARS),
    *(
        _question(measure, D.ESTABLISHMENT, at=day)
        for measure in (Measure.IN_TRANSIT, Measure.ABSENT, Measure.CHILDREN)
        for day in (LAST_DAY, THEN)
    ),
    _question(Measure.TUBERCULOSIS, D.CONDITION, D.ESTABLISHMENT, at=LAST_DAY),
    _question(Measure.SUPERVISIONS, D.SUPERVISION_UNIT, D.SUPERVISION_STATE, at=LAST_DAY),
    _question(Measure.CAPACITY, D.ESTABLISHMENT, at=THEN),
    _question(Measure.ADMISSIONS, D.ESTABLISHMENT, D.MOTIVE, interval=Interval.MONTH, **YEARS),
    _question(Measure.RELEASES, D.LIBERTY_TYPE, D.SEX, interval=Interval.MONTH, **YEARS),
    *(
        _question(measure, D.ESTABLISHMENT, interval=Interval.YEAR, **YEARS)
        for measure in (Measure.DEATHS, Measure.ESCAPES, Measure.RECAPTURES, Measure.TRANSFERS_IN, Measure.NET_FLOW)
    ),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda asked: "-".join((asked.measure, *asked.dimensions)))
async def test_figures(system: RunningStack, seen: list[Answer], slow: SlowCount, question: Question) -> None:
    async with asking(system) as client:
        assert (await client.figure(question)).cells == slow.cells(question)


async def test_stock_told_from_the_facts_alone(system: RunningStack, seen: list[Answer], told: Told) -> None:
    question = _question(Measure.POPULATION, D.ESTABLISHMENT, D.SEX, D.LEGAL_STATUS, at=THEN)
    expected: Counter[tuple[str, ...]] = Counter()
    for cell, n in reference.stock(people(told), (THEN - EPOCH).days).items():
        if cell.book == "custody":
            expected[cell.establishment, cell.attributes.sex, cell.attributes.legal_status] += n
    async with asking(system) as client:
        assert (await client.figure(question)).cells == expected


@pytest.mark.parametrize(("measure", "cause"), [(Measure.ADMISSIONS, "admission"), (Measure.RELEASES, "release")])
async def test_flow_told_from_the_facts_alone(
    system: RunningStack, seen: list[Answer], told: Told, measure: Measure, cause: str
) -> None:
    question = _question(measure, D.ESTABLISHMENT, D.SCHOOLING, interval=Interval.YEAR, **YEARS)
    expected: Counter[tuple[str, ...]] = Counter()
    for flow, n in reference.flows(people(told)).items():
        if (flow.cell.book, flow.cause) == ("custody", cause):
            first_day = max(YEARS["from_day"], (EPOCH + timedelta(days=flow.day)).replace(month=1, day=1))
            expected[flow.cell.establishment, flow.cell.attributes.schooling, first_day.isoformat()] += n
    async with asking(system) as client:
        assert (await client.figure(question)).cells == expected


async def test_a_figure_seen_meanwhile_is_the_same_for_ever(system: RunningStack, seen: list[Answer]) -> None:
    by_position = {answer.position: answer.cells for answer in seen}
    assert len(by_position) > 10
    assert all(by_position[answer.position] == answer.cells for answer in seen)
    async with asking(system) as client:
        for position, cells in by_position.items():
            again = await client.figure(TOTAL.model_copy(update={"as_known_at": KnownAt(position=position)}))
            assert again.cells == cells


def test_the_journal_is_what_the_log_makes(system: RunningStack, seen: list[Answer]) -> None:
    assert system.verified()[-1:] == ["differences=0"]


def test_what_differs_is_told_down_to_the_fact(system: RunningStack, seen: list[Answer]) -> None:
    """An entry that somebody wrote by hand."""
    with connect(system.settings(Settings)) as client:
        row = "SELECT partition, offset, source, fact_id FROM journal_3 WHERE outcome = 'counted' ORDER BY partition, offset LIMIT 1"
        partition, offset, source, fact_id = client.query(row).result_rows[0]
        client.command(
            "INSERT INTO journal_3 (partition, offset, line, outcome, book, cause, establishment, stock_delta, recorded_at) "
            f"VALUES ({partition}, {offset}, 99, 'entry', 'custody', 'correction', 'ep-077', 5, '2026-01-31')"
        )
        try:
            told = system.verified()
        finally:
            client.command("ALTER TABLE journal_3 DELETE WHERE establishment = 'ep-077' SETTINGS mutations_sync = 1")
    assert told[-1] == "differences=1"
    (line,) = (line for line in told if "only in the" in line)
    assert f"only in the living journal, offset {offset} line 99: entry custody correction ep-077" in line
    assert "stock 5 flow 0" in line
    assert line.endswith(f"{source}/{fact_id}")
