"""Closing = opening + what happened + ageing + remapping, in every cell, for people who age in prisons that change office.

The lines are those of the slow balance, which the SQL of the gateway is held against (`tests/integration`); stocks and
movements are counted here from the facts alone.
"""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import reference
from shared.domain.dimensions import Dimension
from shared.domain.facts import DAY_MS, Fact
from shared.domain.ledger import Entry
from shared.domain.measures import MEASURES, PLACES, Measure
from tests.property.test_ledger import grown
from tests.spec.rule import entry
from tests.support.histories import ESTABLISHMENTS, FIRST_DAY, histories
from tests.support.slow_count import SlowCount
from tests.support.small_ledger import Row
from tests.support.sums import first_of_each

D = Dimension
EPOCH = date(1970, 1, 1)
LINES = [column.key for column in MEASURES[Measure.BALANCE].values]
SIGNS = dict.fromkeys(LINES, 1) | dict.fromkeys(("releases", "deaths", "escapes", "transfers_out"), -1) | {"closing": 0}
MOVEMENTS = {
    "admissions": "admission",
    "recaptures": "recapture",
    "releases": "release",
    "deaths": "death",
    "escapes": "escape",
}
DIMENSIONS = st.lists(
    st.sampled_from((D.AGE_BAND, D.REGIONAL_OFFICE, D.DEPARTMENT, D.ESTABLISHMENT, D.LEGAL_STATUS, D.SEX)),
    max_size=3,
    unique=True,
).map(tuple)
SITES = st.fixed_dictionaries(
    {code: st.lists(st.tuples(st.integers(-1, 900), st.sampled_from(("lima", "centro")))) for code in ESTABLISHMENTS}
)
"""To which office each establishment moves, and how many days after the first."""
COUNTRIES = st.tuples(st.lists(histories(max_size=8), min_size=1, max_size=2), SITES)

Country = tuple[list[list[Fact]], dict[str, list[tuple[int, str]]]]


def site_facts(code: str, moves: list[tuple[int, str]]) -> list[Fact]:
    about = {"establishment": code, "place": "150132", "houses": "mixed", "name": code}
    stands = [(-30, "lima"), *moves]
    return [
        Fact("inpe", f"{code}-{n}", "establishment", (FIRST_DAY + day) * DAY_MS, {**about, "office": office})
        for n, (day, office) in enumerate(stands)
    ]


def ledger_of(country: Country) -> SlowCount:
    people, sites = country
    subjects = [*people, *(site_facts(code, moves) for code, moves in sites.items())]
    return SlowCount(Row(0, 0, 0, str(n), made) for n, facts in enumerate(subjects) for made in grown(facts))


def from_facts(country: Country, places: SlowCount, dims: tuple[D, ...], day: date) -> dict[tuple[str, ...], int]:
    """The population in cells, from the facts alone; of the ledger only where establishments lie."""
    found: Counter[tuple[str, ...]] = Counter()
    people = [first_of_each(facts) for facts in country[0]]
    for cell, n in reference.stock(people, (day - EPOCH).days).items():
        if cell.book == "custody":
            as_row = Entry("custody", "", 0, cell.establishment, "", 1, 0, cell.attributes, "", "", cell.detail)
            found[places.cell(Row(0, 0, 0, "", as_row), day, day, dims)] += n
    return dict(found)


@given(COUNTRIES, DIMENSIONS, st.integers(-1, 6), st.sampled_from((1, 4, 40, 300, 1_000)))
@settings(max_examples=100, deadline=None)
def test_every_cell_closes(country: Country, dims: tuple[D, ...], first: int, length: int) -> None:
    start = EPOCH + timedelta(days=FIRST_DAY + first)
    end = start + timedelta(days=length)
    slow = ledger_of(country)
    lines = {cell: dict(zip(LINES, line, strict=True)) for cell, line in slow.balance(dims, {}, start, end).items()}
    for line in lines.values():
        assert line["closing"] == sum(SIGNS[name] * n for name, n in line.items())
        assert line["opening"] >= 0
        assert line["closing"] >= 0
    for name, day in (("opening", start), ("closing", end)):
        standing = {cell: line[name] for cell, line in lines.items() if line[name]}
        assert standing == from_facts(country, slow, dims, day - timedelta(days=1))


@given(COUNTRIES, DIMENSIONS, st.integers(-1, 6), st.sampled_from((1, 4, 40, 1_000)))
@settings(max_examples=100, deadline=None)
def test_nobody_comes_or_goes_by_ageing_remapping_or_reclassification(
    country: Country, dims: tuple[D, ...], first: int, length: int
) -> None:
    start = EPOCH + timedelta(days=FIRST_DAY + first)
    end = start + timedelta(days=length)
    lines = ledger_of(country).balance(dims, {}, start, end).values()
    sums = dict(zip(LINES, map(sum, zip(*lines, strict=True)), strict=True)) if lines else dict.fromkeys(LINES, 0)
    assert (sums["ageing"], sums["remapping"], sums["reclassification"]) == (0, 0, 0)
    assert sums["transfers_in"] == sums["transfers_out"]
    for name, unmoved in (("ageing", D.AGE_BAND not in dims), ("remapping", not PLACES - {D.ESTABLISHMENT} & {*dims})):
        assert not unmoved or not any(line[LINES.index(name)] for line in lines)
    people = [first_of_each(facts) for facts in country[0]]
    within = range((start - EPOCH).days, (end - EPOCH).days)
    told = Counter(
        flow.cause for flow in reference.flows(people).elements() if flow.cell.book == "custody" and flow.day in within
    )
    assert {name: sums[name] for name in MOVEMENTS} == {name: told[cause] for name, cause in MOVEMENTS.items()}


def test_a_man_who_turns_thirty_ages_on_the_first_of_his_month_and_his_prison_is_remapped() -> None:
    profile = {"sex": "male", "birth_date": "1990-02-20"}
    admitted = Fact("ep-001", "f1", "admission", FIRST_DAY * DAY_MS, entry("ep-001", profile=profile))
    moved = (date(2020, 1, 31) - EPOCH).days - FIRST_DAY
    slow = ledger_of(([[admitted]], {"ep-001": [(moved, "centro")]}))
    february = date(2020, 2, 1)

    def changes(dims: tuple[D, ...], start: date, end: date) -> dict[tuple[str, ...], dict[str, int]]:
        lines = slow.balance(dims, {}, start, end)
        return {cell: {name: n for name, n in zip(LINES, line, strict=True) if n} for cell, line in lines.items()}

    assert changes((D.AGE_BAND,), date(2020, 1, 1), february) == {("25-29",): {"opening": 1, "closing": 1}}
    assert changes((D.AGE_BAND,), february, date(2020, 2, 2)) == {
        ("25-29",): {"opening": 1, "ageing": -1},
        ("30-34",): {"ageing": 1, "closing": 1},
    }
    assert changes((D.REGIONAL_OFFICE,), date(2020, 1, 1), february) == {
        ("lima",): {"opening": 1, "remapping": -1},
        ("centro",): {"remapping": 1, "closing": 1},
    }
