"""Departures whose arrival does not come in time, on a real engine, held against a slow count of what was known when."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import pytest

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.discrepancies import moment_of
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.anomalies import Anomalies, AnomalyQuestion, AnomalyState
from shared.contracts.mapping import Message
from shared.contracts.questions import KnownAt
from shared.contracts.topics import MERGED_PARTITION, partition_of
from shared.domain.anomalies import DEPARTED_NOT_ARRIVED, TOLD_TOGETHER_MS, TRANSIT_DAYS_MAX
from shared.domain.custody import Spell, Timeline, fold
from shared.domain.facts import DAY_MS, Fact
from shared.domain.history import History
from shared.ports import Consumed
from shared.runtime.settings import Settings
from tests.spec.rule import at, entry
from tests.support.logs import APPENDED_MS, message
from tests.support.merged import ORDINARY, SmallCountry, token_in

_NUMBERS = count()
FIRST = APPENDED_MS
Told = tuple[int, str, Fact]
"""When it was recorded, of whom, and what."""


@asynccontextmanager
async def figures_of(settings: Settings, rows: Mapping[int, Sequence[Consumed]]) -> AsyncIterator[ClickHouseFigures]:
    async with await connect_async(settings) as client:
        journal = f"journal_departures_{next(_NUMBERS)}"
        await client.command(f"CREATE TABLE {journal} AS journal_3")
        for partition, many in rows.items():
            if many:
                await ClickHouseJournal(client, journal).append(partition, 0, 0, many)
        yield ClickHouseFigures(client, journal)
        await client.command(f"DROP TABLE {journal}")


def consumed(told: Iterable[Told]) -> dict[int, list[Consumed]]:
    """What the partitions of the log made of this, in the order recorded."""
    histories: defaultdict[str, History] = defaultdict(lambda: History(()))
    rows: defaultdict[int, list[Consumed]] = defaultdict(list)
    for recorded_ms, subject, fact in told:
        mine = rows[partition_of(subject)]
        named = Message(fact.source, fact.id, subject, f"siep.{fact.kind}.v1", fact)
        entries = histories[subject].add(fact)
        mine.append(Consumed(len(mine), len(mine) + 1, recorded_ms, "counted", named, b"{}", entries))
    return rows


def day(number: float) -> int:
    return FIRST + round(number * DAY_MS)


def person(name: str) -> str:
    return f"k1:{name.encode().hex():0<64}"


def of(name: str, *told: tuple[float, float, str, dict[str, Any]]) -> Iterator[Told]:
    """What is told of somebody who is inside from the start: recorded on a day, happened on another, kind, data."""
    yield day(0), person(name), Fact("ep-001", f"{name}-in", "admission", day(-1), entry("ep-001"))
    for recorded, happened, kind, data in told:
        source = data.get("establishment", "ep-001")
        yield day(recorded), person(name), Fact(source, f"{name}-{kind}-{recorded:g}", kind, day(happened), data)


LEFT = at("ep-001", destination="ep-002")
LEFT_ELSEWHERE = at("ep-001", destination="ep-003")
CAME = at("ep-002", origin="ep-001")
DEPARTED = (1, 1, "transfer_departure", LEFT)
ARRIVED_IN_TIME = (2, 2, "transfer_arrival", CAME)
MINUTE = 1 / 1440


def about(name: str) -> dict[str, Any]:
    return {"target": {"source": "ep-001" if "departure" in name else "ep-002", "id": name}}


def departure(name: str, happened: float, data: dict[str, Any]) -> dict[str, Any]:
    """Somebody's departure, amended."""
    replacement = {"kind": "transfer_departure", "at_ms": day(happened), "data": data}
    return about(f"{name}-transfer_departure-1") | {"replacement": replacement}


MARRIED = {"profile": {"civil_status": "casado"}}
CAME_LATER = about("arrival-corrected-transfer_arrival-2") | {
    "replacement": {"kind": "transfer_arrival", "at_ms": day(3), "data": CAME}
}
CASES = [
    *of("waits", DEPARTED),
    *of("elsewhere", (1, 1, "transfer_departure", LEFT_ELSEWHERE)),
    *of("in-time", DEPARTED, ARRIVED_IN_TIME),
    *of("told-late", DEPARTED, (6, 2, "transfer_arrival", CAME)),
    *of("changed", DEPARTED, (6, 6, "profile_change", MARRIED), (6, 6, "transfer_arrival", CAME)),  # at one instant
    *of("again", DEPARTED, ARRIVED_IN_TIME, (3, 3, "transfer_departure", at("ep-002", destination="ep-003"))),
    *of("slow", DEPARTED, (8, 8, "transfer_arrival", CAME)),
    *of("released", DEPARTED, (6, 6, "release", at("ep-001", liberty_type="pena-cumplida"))),
    *of("voided", DEPARTED, (7, 7, "void", about("voided-transfer_departure-1"))),
    *of("redirected", DEPARTED, (7, 7, "amendment", departure("redirected", 1, LEFT_ELSEWHERE))),
    *of("later", DEPARTED, (5, 5, "amendment", departure("later", 4.5, LEFT)), (7, 6, "transfer_arrival", CAME)),
    *of("reopened", DEPARTED, (5, 2, "transfer_arrival", CAME), (6, 6, "void", about("reopened-transfer_arrival-5"))),
    *of("arrival-corrected", DEPARTED, ARRIVED_IN_TIME, (9, 9, "amendment", CAME_LATER)),
    *of("together", (9, 1, "transfer_departure", LEFT), (9 + MINUTE, 2, "transfer_arrival", CAME)),
    *of("in-the-last-moment", (9, 1, "transfer_departure", LEFT), (9 + MINUTE, 4, "transfer_arrival", CAME)),
    *of("a-minute-late", (9, 1, "transfer_departure", LEFT), (9 + MINUTE, 4 + MINUTE, "transfer_arrival", CAME)),
    *of("an-hour-apart", (9, 1, "transfer_departure", LEFT), (9 + 60 * MINUTE, 2, "transfer_arrival", CAME)),
    *of("just-late", DEPARTED, (4 + MINUTE, 2, "transfer_arrival", CAME)),
    *of("not-together", (9, 1, "transfer_departure", LEFT), (9.5, 2, "transfer_arrival", CAME)),
    *of("clock", *((moment, 0, "profile_change", {"profile": {}}) for moment in (4 - MINUTE, 4, 4.25, 20))),
]


@pytest.fixture(scope="module")
async def figures(clickhouse_settings: Settings) -> AsyncIterator[ClickHouseFigures]:
    async with figures_of(clickhouse_settings, consumed(sorted(CASES, key=lambda one: one[0]))) as found:
        yield found


async def _asked(figures: ClickHouseFigures, known_ms: int | None = None, **narrower: Any) -> Anomalies:
    known = None if known_ms is None else KnownAt(time=datetime.fromtimestamp(known_ms / 1000, UTC))
    said: dict[str, Any] = {"kinds": (DEPARTED_NOT_ARRIVED,), "state": AnomalyState.ANY, "first": 1_000}
    return await figures.anomalies(AnomalyQuestion(**said | {"as_known_at": known} | narrower))


def _names(found: Anomalies) -> set[str]:
    return {one.fact.id.split("-transfer")[0].split("-amendment")[0] for one in found.items}


async def test_a_departure_is_shown_when_the_days_have_passed_and_not_before(figures: ClickHouseFigures) -> None:
    assert (await _asked(figures, day(4 - MINUTE))).items == ()
    due = await _asked(figures, day(4))
    assert _names(due) == {
        "waits",
        "elsewhere",
        "told-late",
        "just-late",
        "changed",
        "slow",
        "released",
        "voided",
        "redirected",
        "later",
        "reopened",
    }
    assert (due.open, due.resolved) == (11, 0)
    (waits,) = (one for one in due.items if one.fact.id.startswith("waits"))
    assert waits.fact == ("ep-001", "waits-transfer_departure-1", "siep.transfer_departure.v1")
    assert waits.establishments == ("ep-001", "ep-002")
    assert (waits.since, waits.noticed_at) == (moment_of(day(1)), moment_of(day(1 + TRANSIT_DAYS_MAX)))
    assert (waits.resolved_at, waits.resolved_by) == (None, None)
    assert waits in (await _asked(figures)).items


async def test_it_is_resolved_by_the_fact_that_ended_the_transit_or_took_the_departure_back(
    figures: ClickHouseFigures,
) -> None:
    now = await _asked(figures)
    told = {(one.fact.id, one.establishments[1]): one for one in now.items}
    assert {name: (one.resolved_by.id, one.resolved_at) for name, one in told.items() if one.resolved_by} == {
        ("told-late-transfer_departure-1", "ep-002"): ("told-late-transfer_arrival-6", moment_of(day(6))),
        ("changed-transfer_departure-1", "ep-002"): ("changed-transfer_arrival-6", moment_of(day(6))),
        ("just-late-transfer_departure-1", "ep-002"): (
            "just-late-transfer_arrival-4.00069",
            moment_of(day(4 + MINUTE)),
        ),
        ("slow-transfer_departure-1", "ep-002"): ("slow-transfer_arrival-8", moment_of(day(8))),
        ("released-transfer_departure-1", "ep-002"): ("released-release-6", moment_of(day(6))),
        ("voided-transfer_departure-1", "ep-002"): ("voided-void-7", moment_of(day(7))),
        ("redirected-transfer_departure-1", "ep-002"): ("redirected-amendment-7", moment_of(day(7))),
        ("later-transfer_departure-1", "ep-002"): ("later-amendment-5", moment_of(day(5))),
        ("a-minute-late-transfer_departure-9", "ep-002"): (
            "a-minute-late-transfer_arrival-9.00069",
            moment_of(day(9 + MINUTE)),
        ),
        ("an-hour-apart-transfer_departure-9", "ep-002"): (
            "an-hour-apart-transfer_arrival-9.04167",
            moment_of(day(9 + 60 * MINUTE)),
        ),
        ("not-together-transfer_departure-9", "ep-002"): ("not-together-transfer_arrival-9.5", moment_of(day(9.5))),
    }
    stand = {name for name, one in told.items() if one.resolved_by is None}
    assert stand == {
        ("waits-transfer_departure-1", "ep-002"),
        ("elsewhere-transfer_departure-1", "ep-003"),
        ("redirected-amendment-7", "ep-003"),
        ("again-transfer_departure-3", "ep-003"),
        ("reopened-transfer_departure-1", "ep-002"),
    }
    assert (now.open, now.resolved) == (5, 11)


async def test_what_was_known_then_is_told_again_by_its_position(figures: ClickHouseFigures) -> None:
    assert "told-late" in _names(await _asked(figures, day(5.5), state=AnomalyState.OPEN))
    assert "reopened" in _names(await _asked(figures, day(5.5), state=AnomalyState.RESOLVED))
    assert "together" in _names(await _asked(figures, day(9), state=AnomalyState.OPEN))
    for moment in (4 - MINUTE, 4, 5.5, 7, 9, 30):
        then = await _asked(figures, day(moment))
        again = await _asked(figures, as_known_at=KnownAt(position=str(then.provenance.position)))
        assert (again.items, again.open, again.resolved) == (then.items, then.open, then.resolved)


async def test_both_ends_are_told_and_nobody_else(figures: ClickHouseFigures) -> None:
    both = {place: await _asked(figures, establishment=place) for place in ("ep-001", "ep-002", "ep-003", "ep-004")}
    assert _names(both["ep-003"]) == {"elsewhere", "redirected", "again"}
    assert both["ep-003"].open == 3
    assert "redirected" in _names(both["ep-002"])
    assert "elsewhere" not in _names(both["ep-002"])
    assert len(both["ep-001"].items) == 15
    assert both["ep-004"].items == ()


async def test_it_stands_among_the_other_kinds_unless_they_alone_are_asked(figures: ClickHouseFigures) -> None:
    every = await _asked(figures, kinds=())
    kinds = {one.kind for one in every.items}
    assert kinds == {DEPARTED_NOT_ARRIVED}
    assert (await _asked(figures, kinds=("departed_twice",))).items == ()


def merging(*told: tuple[float, str, Fact]) -> dict[int, Sequence[Consumed]]:
    """The rows of a small country in which these facts are appended on these days, each known everywhere by then."""
    country = SmallCountry()
    for number, subject, fact in told:
        country.publisher.clocks = dict.fromkeys(PARTITIONS, day(number))
        country.publisher.append(partition_of(subject), message(fact, subject), 0)
        country.finish()
    return {partition: country.rows(partition) for partition in PARTITIONS}


PARTITIONS = (*ORDINARY, MERGED_PARTITION)
ONE, OTHER = token_in(0, 2), token_in(1, 1)
IN = Fact("ep-001", "in", "admission", day(-1), entry("ep-001"))
OUT = Fact("ep-001", "out", "transfer_departure", day(1), LEFT)
CAME_AS_OTHER = Fact("ep-002", "came", "transfer_arrival", day(2), CAME)
MERGE = Fact("ep-001", "merge", "identity_merge", day(6), {"other": OTHER})
PARTED = Fact("ep-001", "parted", "void", day(9), {"target": {"source": "ep-001", "id": "merge"}})


async def test_who_arrived_under_another_document_is_missing_until_they_are_merged(
    clickhouse_settings: Settings,
) -> None:
    rows = merging((0, ONE, IN), (1, ONE, OUT), (2, OTHER, CAME_AS_OTHER), (6, ONE, MERGE), (9, ONE, PARTED))
    async with figures_of(clickhouse_settings, rows) as figures:
        (merged,) = (await _asked(figures, day(8))).items
        assert (merged.fact.id, merged.since, merged.noticed_at) == ("out", moment_of(day(1)), moment_of(day(4)))
        assert merged.resolved_by == ("ep-001", "merge", "siep.identity_merge.v1")
        (parted,) = (await _asked(figures)).items
        assert (parted.fact.id, parted.resolved_by, parted.noticed_at) == ("out", None, merged.noticed_at)


CLOCK = Fact("ep-001", "clock", "profile_change", day(5), {"profile": {}})
ARRIVED = Fact("ep-002", "came", "transfer_arrival", day(8), CAME)


@pytest.mark.parametrize(("left", "resolved_by"), [(ONE, {"came"}), (OTHER, {"came", "parted"})])
async def test_a_merged_person_is_missing_once(clickhouse_settings: Settings, left: str, resolved_by: set[str]) -> None:
    """Of the token that did not leave it is told only as long as both are one."""
    merge, parted, clock = (2, ONE, MERGE), (7, ONE, PARTED), (5, token_in(1, 4), CLOCK)
    rows = merging((0, left, IN), (1, left, OUT), merge, clock, parted, (8, left, ARRIVED))
    async with figures_of(clickhouse_settings, rows) as figures:
        for moment in (5.5, 7.5):
            (missing,) = (await _asked(figures, day(moment), state=AnomalyState.OPEN)).items
            assert missing.since == moment_of(day(1))
        now = await _asked(figures)
        assert (now.open, {one.resolved_by.id for one in now.items if one.resolved_by}) == (0, resolved_by)


PLACES = ("ep-001", "ep-002", "ep-003")


def _life(dice: random.Random, name: str) -> Iterator[Told]:
    """Movements in any order, told late or not, corrected or not; many at the same instant."""
    facts = [Fact("ep-001", f"{name}-0", "admission", day(0), entry("ep-001"))]
    for number in range(1, dice.randrange(3, 14)):
        place, other, moment = dice.choice(PLACES), dice.choice(PLACES), day(dice.randrange(24) / 2)
        kind, data = dice.choice((
            ("transfer_departure", at("ep-001", destination=other)), ("transfer_departure", at(place, destination=other)),
            ("transfer_arrival", at(place, origin=other)), ("transfer_arrival", at(place, origin=other)),
            ("release", at(place, liberty_type="pena-cumplida")), ("admission", entry(place)),
            ("profile_change", {"profile": {"civil_status": dice.choice(("soltero", "casado"))}}),
        ))  # fmt: skip
        target = {"target": {"source": "ep-001", "id": dice.choice(facts).id}}
        change = {"replacement": {"kind": kind, "at_ms": day(dice.randrange(24) / 2), "data": data}}
        kind, data = dice.choice(((kind, data), (kind, data), ("void", target), ("amendment", target | change)))
        facts.append(Fact("ep-001", f"{name}-{number}", kind, moment, data))
    for fact in facts:
        late = dice.choice((0, 0, MINUTE, 0.5, 4, 9))
        yield fact.at_ms + round(late * DAY_MS), person(name), fact


Departure = tuple[str, str, str]
Found = tuple[Departure, str, str | None, str | None]


def _slow(told: Sequence[Told], reached_ms: int) -> Iterator[Found]:
    """The departures of one person that were overdue at any moment, by folding all that was known after each fact."""
    folds = [fold([fact for _, _, fact in told[: n + 1]]) for n in range(len(told))]
    opens = [_departure(timeline.transit) if timeline.transit else None for timeline in folds]
    until = [*(recorded for recorded, _, _ in told[1:]), reached_ms + 1]
    for departure in dict.fromkeys(one for one in opens if one):
        due = departure[0] + TRANSIT_DAYS_MAX * DAY_MS
        overdue = [n for n, one in enumerate(opens) if one == departure and max(told[n][0], due) < until[n]]
        if not overdue:
            continue
        noticed = max(told[overdue[0]][0], due)
        ended = next((n for n in range(overdue[-1], len(opens)) if opens[n] != departure), None)
        if ended is None:
            yield (*departure[1:], moment_of(departure[0])), moment_of(noticed), None, None
            continue
        told_at = next(told[n][0] for n, timeline in enumerate(folds) if _transit(timeline, departure))
        transit = _transit(folds[ended], departure)
        in_time = transit is not None and transit.closed_ms is not None and transit.closed_ms <= due
        if not in_time or told[ended][0] >= told_at + TOLD_TOGETHER_MS:
            by = told[ended]
            yield (*departure[1:], moment_of(departure[0])), moment_of(noticed), moment_of(by[0]), by[2].id


def _transit(timeline: Timeline, departure: tuple[int, str, str]) -> Spell | None:
    return next((one for one in timeline.spells if one.book == "transit" and _departure(one) == departure), None)


def _departure(transit: Spell) -> tuple[int, str, str]:
    return transit.opened_ms, transit.place, transit.opened_with["counterparty"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_random_lives_are_told_as_a_slow_count_tells_them(clickhouse_settings: Settings, seed: int) -> None:
    dice = random.Random(seed)
    told = sorted((one for n in range(300) for one in _life(dice, f"p{n}")), key=lambda one: one[0])
    async with figures_of(clickhouse_settings, consumed(told)) as figures:
        for moment in (5.5, 9, 12.5, 40):
            known = [one for one in told if one[0] <= day(moment)]
            found = await _asked(figures, day(moment))
            people: defaultdict[str, list[Told]] = defaultdict(list)
            for one in known:
                people[one[1]].append(one)
            expected = [each for mine in people.values() for each in _slow(mine, known[-1][0])]
            assert found.open > 5
            assert len(found.items) == found.open + found.resolved == len(expected)
            assert sorted(map(_found, found.items), key=repr) == sorted(expected, key=repr)


def _found(one: Any) -> Found:
    origin, destination = (*one.establishments, *one.establishments)[:2]
    return (origin, destination, one.since), one.noticed_at, one.resolved_at, one.resolved_by and one.resolved_by.id
