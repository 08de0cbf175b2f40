"""The printed tables of January 2026: 658 cells whose sums agree."""

from collections import Counter, defaultdict

import pytest

from shared.reference.catalogue import load
from shared.reference.published import cells

CELLS = cells("2026-01")
SIZES = {
    "establishment_status_sex": 276,
    "capacity": 69,
    "offence_status": 42,
    "offence_age": 231,
    "civil_status_sex": 12,
    "nationality_sex": 4,
    "foreigners_establishment": 5,
    "admissions": 8,
    "sentence": 8,
    "schooling": 3,
}


def _sums(table: str, *, by: str) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for cell in CELLS:
        if cell.table == table:
            sums[getattr(cell, by)] += cell.value
    return dict(sums)


def test_there_are_658_cells_each_once():
    assert len(CELLS) == 658
    assert len({cell[:3] for cell in CELLS}) == 658
    assert Counter(cell.table for cell in CELLS) == SIZES
    assert all(cell.source for cell in CELLS)


@pytest.mark.parametrize(
    ("table", "total"),
    [
        ("establishment_status_sex", 103_717),
        ("offence_status", 103_717),
        ("offence_age", 103_717),
        ("civil_status_sex", 103_717),
        ("nationality_sex", 103_717),
        ("admissions", 103_717),
        ("schooling", 103_717),
        ("sentence", 65_793),
        ("capacity", 41_764),
    ],
)
def test_each_table_adds_up_to_the_published_total(table: str, total: int):
    assert sum(_sums(table, by="row").values()) == total


def test_status_and_sex_agree_between_tables():
    crossed = _sums("establishment_status_sex", by="column")
    status = _sums("offence_status", by="column")
    sex = _sums("civil_status_sex", by="column")
    assert status == {"procesado": 37_924, "sentenciado": 65_793}
    assert sex == {"male": 98_228, "female": 5_489} == _sums("nationality_sex", by="column")
    assert {key: crossed[f"{key}/male"] + crossed[f"{key}/female"] for key in status} == status
    assert {key: crossed[f"procesado/{key}"] + crossed[f"sentenciado/{key}"] for key in sex} == sex


def test_every_offence_has_the_same_total_by_status_and_by_age():
    assert _sums("offence_status", by="row") == _sums("offence_age", by="row")


def test_non_zero_cells_of_the_prison_table():
    assert sum(cell.value > 0 for cell in CELLS if cell.table == "establishment_status_sex") == 183


def test_rows_are_known_codes_and_equal_the_establishments_file():
    catalogues = load()
    offences = {cell.row.removesuffix("/attempt") for cell in CELLS if cell.table == "offence_status"} - {"otros"}
    assert offences <= set(catalogues["offence"])
    sites = catalogues.establishments
    assert _sums("capacity", by="row") == {code: site.capacity for code, site in sites.items()}
    assert _sums("establishment_status_sex", by="row") == {code: site.population for code, site in sites.items()}
    assert {cell.row for cell in CELLS if cell.table == "civil_status_sex"} == set(catalogues["civil_status"])


def test_the_published_top_20_stays_on_top_if_the_rest_is_split_over_the_other_codes():
    named = _sums("offence_status", by="row")
    rest = named.pop("otros")
    others = len(load()["offence"]) - 18
    assert rest / others < min(named.values()) == 944
    assert others >= 22


def test_a_month_that_is_not_transcribed_is_refused():
    with pytest.raises(FileNotFoundError):
        cells("1999-01")
