"""Catalogues are complete, consistent and say where each row comes from."""

import csv
import re
from importlib import resources
from typing import Any, get_args

import pytest

from shared.contracts import terms
from shared.reference.catalogue import Catalogues, load

COLUMNS = ["code", "label_es", "label_en", "parent", "rank", "source", "valid_from", "valid_to"]
PARENTS = {
    "offence": "offence_generic",
    "liberty_type": "liberty_group",
    "supervision_unit": "regional_office",
    "establishment": "regional_office",
    "legal_status": "legal_status",
    "place": "place",
    "supervision_service": "supervision_service",
    "supervision_state": "supervision_state",
}


@pytest.fixture(scope="module")
def catalogues() -> Catalogues:
    return load()


def test_every_file_has_the_eight_columns_and_unique_codes():
    for file in (resources.files("shared.reference") / "catalogues").iterdir():
        rows = list(csv.reader(file.read_text(encoding="utf-8").splitlines()))
        codes = [row[0] for row in rows[1:]]
        assert rows[0] == COLUMNS, file.name
        assert len(set(codes)) == len(codes), file.name
        assert all(len(row) == len(COLUMNS) for row in rows), file.name


def test_every_entry_has_two_labels_and_a_source(catalogues: Catalogues):
    for catalogue in catalogues.by_name.values():
        for entry in catalogue.values():
            assert entry.label("es"), entry
            assert entry.label("en"), entry
            assert entry.source, entry


def test_parents_exist(catalogues: Catalogues):
    for name, parent_name in PARENTS.items():
        parents = {entry.parent for entry in catalogues[name].values()} - {""}
        assert parents, name
        assert parents <= set(catalogues[parent_name]), name


def test_every_catalogue_that_the_contract_names_exists_and_its_codes_fit_the_pattern(catalogues: Catalogues):
    for alias in vars(terms).values():
        marks = [mark for mark in get_args(alias)[1:] if isinstance(mark, terms.InCatalogue)]
        for mark in marks:
            pattern = _pattern(alias)
            fitting = [code for code in catalogues[mark.name] if re.search(pattern, code)]
            assert fitting, mark
            if mark.name != "place":  # the contract speaks of districts; provinces and departments are for figures
                assert len(fitting) == len(catalogues[mark.name]), mark


def _pattern(alias: Any) -> str:
    patterns = [
        mark.pattern for arg in get_args(alias)[1:] for mark in getattr(arg, "metadata", []) if hasattr(mark, "pattern")
    ]
    return patterns[0]


def test_the_published_offences_and_enough_others_to_split_the_rest(catalogues: Catalogues):
    offence = catalogues["offence"]
    published = [entry for entry in offence.values() if entry.source.startswith("INPE 2026-01")]
    assert len(published) == 18
    assert len(offence) - len(published) >= 30
    assert all(entry.rank for entry in offence.values())


def test_a_graver_offence_has_a_lower_rank(catalogues: Catalogues):
    offence = catalogues["offence"]
    gravest_first = [
        "cp-173-violacion-de-menor",
        "cp-108-asesinato",
        "cp-189-robo-agravado",
        "cp-188-robo",
        "cp-185-hurto-simple",
        "cp-444-falta-hurto-y-dano",
        "otro",
    ]
    ranks = [offence[code].rank for code in gravest_first]
    assert ranks == sorted(ranks, key=lambda rank: rank or 0)
    assert len(set(ranks)) == len(ranks)


def test_sizes_that_the_sources_state(catalogues: Catalogues):
    sizes = {"schooling": 9, "civil_status": 6, "occupation": 5, "regional_office": 8, "establishment": 69}
    assert {name: len(catalogues[name]) for name in sizes} == sizes
    assert len(catalogues["nationality"]) == 249 + 1
    levels = [sum(len(code) == digits for code in catalogues["place"]) for digits in (2, 4, 6)]
    assert levels == [25, 196, 1893]


def test_both_territorial_hierarchies_hold_every_establishment(catalogues: Catalogues):
    for site in catalogues.establishments.values():
        place = catalogues["place"]
        assert site.office in catalogues["regional_office"]
        assert place[place[site.ubigeo].parent].parent in place


def test_establishments_per_office_are_those_that_inpe_prints(catalogues: Catalogues):
    offices = [site.office for site in catalogues.establishments.values()]
    counts = [offices.count(office) for office in catalogues["regional_office"]]
    assert counts == [11, 18, 6, 10, 4, 7, 9, 4]


def test_those_held_fit_the_sex_that_the_establishment_houses(catalogues: Catalogues):
    for site in catalogues.establishments.values():
        men = site.processed_male + site.sentenced_male
        women = site.processed_female + site.sentenced_female
        assert (site.houses, men > 0, women > 0) in {
            ("male", True, False),
            ("female", False, True),
            ("mixed", True, True),
        }


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("offence", "robo-agravado", "cp-189-robo-agravado"),
        ("establishment", "ep-45", "ep-045"),
        ("schooling", "secundaria", "secundaria-completa"),
        ("civil_status", "soltera", "soltero"),
    ],
)
def test_nearest_names_what_was_probably_meant(catalogues: Catalogues, name: str, code: str, expected: str):
    assert code not in catalogues[name]
    assert expected in catalogues[name].nearest(code)


def test_nearest_is_empty_when_nothing_is_near(catalogues: Catalogues):
    assert catalogues["offence"].nearest("zzzzzz") == ()


def test_memory_of_unknown_codes_is_bounded(catalogues: Catalogues):
    occupation = catalogues["occupation"]
    for number in range(2_500):
        occupation.nearest(f"unknown-{number}")
    assert len(occupation._nearest) <= 1_000


def test_the_version_is_that_of_the_content(catalogues: Catalogues):
    assert re.fullmatch(r"[0-9a-f]{12}", catalogues.version)
    load.cache_clear()
    assert load().version == catalogues.version
