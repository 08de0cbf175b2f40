"""The table of people of the simulated country: every printed cell about persons, and what nobody would believe."""

from collections import Counter

import numpy as np
import pytest

from deploy.demo.country import persons, plausible, tables
from deploy.demo.country.dealing import apportion, deal
from shared.reference.catalogue import load
from shared.reference.published import cells

NAMES = persons.PERSON.names
LINES = plausible.lines()
PRISONS = [site.code for site in tables.establishments()]
CIVIL = list(load()["civil_status"])
BANDS = ((5 * 12, "[0,5)"), (10 * 12 + 1, "[5,10]"), (15 * 12 + 1, "(10,15]"), (20 * 12 + 1, "(15,20]"),
         (25 * 12 + 1, "(20,25]"), (30 * 12 + 1, "(25,30]"), (35 * 12 + 1, "(30,35]"))  # fmt: skip
SCHOOLING = {
    code: group if group in ("primaria", "secundaria") else "rest"
    for code in load()["schooling"]
    for group in [code.split("-")[0]]
}


@pytest.fixture(scope="module")
def people():
    table = persons.table_of_people(np.random.default_rng(2))
    return [dict(zip(NAMES, row, strict=True)) for row in table.tolist()]


def _age(person) -> int:
    return (2026 * 12 - person["birth_month"]) // 12


def _age_band(age: int) -> str:
    return (
        "60+" if age >= 60 else "16-17" if age < 18 else "18-19" if age < 20 else f"{age // 5 * 5}-{age // 5 * 5 + 4}"
    )


def _printed_line(person) -> str:
    line = LINES[person["line"]]
    printed = f"{line.code}/attempt" if line.attempt else line.code
    return printed if person["line"] < plausible.PRINTED_LINES else "otros"


def _sentence_band(months: int) -> str:
    return "life" if months == persons.LIFE else next(band for limit, band in BANDS if months < limit)


def _counted(person):
    """Every printed cell that this person is counted in."""
    sex, status = tables.SEXES[person["female"]], tables.STATUSES[person["sentenced"]]
    prison, line = PRISONS[person["prison"]], _printed_line(person)
    yield "establishment_status_sex", prison, f"{status}/{sex}"
    yield "offence_status", line, status
    yield "offence_age", line, _age_band(_age(person))
    yield "civil_status_sex", CIVIL[person["civil"]], sex
    yield "nationality_sex", "foreign" if person["nationality"] else "PE", sex
    if person["nationality"]:
        yield "foreigners_establishment", prison, "foreign"
    yield "admissions", str(person["admissions"]) if person["admissions"] < 8 else "8+", "persons"
    if person["sentenced"]:
        yield "sentence", _sentence_band(person["months"]), "persons"
    yield "schooling", SCHOOLING[plausible.SCHOOLING[person["schooling"]]], "persons"


def test_every_printed_cell_about_persons_is_met(people):
    counted = Counter(cell for person in people for cell in _counted(person))
    printed = {cell[:3]: cell.value for cell in cells("2026-01") if cell.table != "capacity"}
    assert len(printed) == 589
    assert {cell: counted[cell] for cell in printed} == printed
    assert len(people) == 103_717


def test_no_line_of_otros_displaces_a_printed_one(people):
    others = Counter(person["line"] for person in people if person["line"] >= plausible.PRINTED_LINES)
    assert len(others) >= 22
    assert max(others.values()) < 944


def test_nobody_is_unbelievable(people):
    for person in people:
        line = LINES[person["line"]]
        assert line.women or not person["female"]
        assert _age(person) >= 18 or CIVIL[person["civil"]] == "soltero"
        assert line.code not in plausible.SHORT_SENTENCES or person["months"] < 60
        assert bool(person["sentenced"]) == bool(person["months"])
        houses = tables.establishments()[person["prison"]].houses
        assert houses in ("mixed", tables.SEXES[person["female"]])


def test_codes_are_in_the_catalogues():
    catalogues = load()
    assert {line.code for line in LINES} <= set(catalogues["offence"])
    assert set(plausible.SCHOOLING) == set(catalogues["schooling"])
    assert {code for code, _ in plausible.NATIONALITIES} <= set(catalogues["nationality"])
    assert {code for code, _ in plausible.OCCUPATIONS} == set(catalogues["occupation"])
    assert set(plausible.LIMA_DISTRICTS) <= set(catalogues["place"])
    assert {way.liberty_type for way in plausible.OUTCOMES} - {""} <= set(catalogues["liberty_type"])
    assert {way.motive for way in plausible.OUTCOMES} - {""} <= set(catalogues["exit_motive"])


def test_shares_add_up_under_their_caps():
    assert apportion(10, [1, 1, 1]).tolist() == [4, 3, 3]
    assert apportion(10, [8, 1, 1], [2, 9, 9]).tolist() == [2, 4, 4]
    with pytest.raises(ValueError, match="cannot share 10 out"):
        apportion(10, [1, 0], [3, 99])


def test_a_deck_is_dealt_in_the_order_of_the_scores():
    assert deal([1, 2], np.array([0.5, 0.1, 0.9])).tolist() == [1, 0, 1]
    with pytest.raises(ValueError, match="3 cards for 2 people"):
        deal([1, 2], np.array([0.5, 0.1]))
