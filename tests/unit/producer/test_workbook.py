"""The workbook of the kit, as a spreadsheet program and the people before it see it."""

from __future__ import annotations

import re
import stat
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from clients.producer.columns import columns
from clients.producer.files import FileError
from clients.producer.words import KINDS
from clients.producer.workbook import Place, write_results, write_template
from shared.contracts.facts import AMENDABLE, INBOUND
from shared.reference.catalogue import load


@pytest.fixture
def admission(tmp_path: Path) -> Path:
    write_template("admission", tmp_path / "a.xlsx")
    return tmp_path / "a.xlsx"


def offered(book: Any, sheet: Any, letter: str) -> list[str]:
    """What the drop-down of a column offers."""
    [rule] = [one for one in sheet.data_validations.dataValidation if str(one.sqref).startswith(f"{letter}2:")]
    assert (rule.type, rule.showErrorMessage) == ("list", True)
    name, cells = rule.formula1.split("!")
    return [cell.value for [cell] in book[name][cells.replace("$", "")]]


def test_there_is_one_for_whatever_an_establishment_says_that_fits_into_a_row():
    said = {name.split(".")[1] for name in (*AMENDABLE, "siep.void.v1", "siep.identity_merge.v1", "siep.headcount.v1")}
    assert KINDS.keys() == said
    assert {f"siep.{kind}.v1" for kind in KINDS} < INBOUND.keys()


@pytest.mark.parametrize("kind", KINDS)
def test_every_column_has_a_name_of_its_own_and_an_explanation(kind: str, tmp_path: Path):
    write_template(kind, tmp_path / "a.xlsx")
    book = load_workbook(tmp_path / "a.xlsx")
    headings = [cell.value for cell in book[KINDS[kind]][1]]
    assert len(set(headings)) == len(headings)
    _, *explained = book["Columnas"].values
    assert [row[0] for row in explained] == headings[:-1]
    assert all(row[1] in ("sí", "no") and row[2] for row in explained)
    assert [row[3] for row in explained] == list(columns(kind))


def test_a_drop_down_offers_each_code_of_its_catalogue_with_its_label(admission: Path):
    book = load_workbook(admission)
    sheet = book["ingreso"]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    catalogues = load()
    for label, name in [
        ("Motivo", "admission_motive"),
        ("Nacionalidad", "nationality"),
        ("Causa 2 · Delito 1 · Delito", "offence"),
    ]:
        wanted = [f"{entry.label_es} [{code}]" for code, entry in catalogues[name].items()]
        assert offered(book, sheet, letters[label]) == wanted
    districts = offered(book, sheet, letters["Distrito de procedencia"])
    assert all(re.search(r"\[\d{6}\]$", district) for district in districts)
    assert offered(book, sheet, letters["Causa 1 · Delito 1 · Tentativa"]) == ["sí", "no"]


def test_columns_are_typed(admission: Path):
    sheet = load_workbook(admission)["ingreso"]
    letters = {cell.value: cell.column_letter for cell in sheet[1]}
    formats = {
        label: sheet.column_dimensions[letters[label]].number_format
        for label in ("Fecha y hora", "Fecha de nacimiento", "Número de documento", "Número de ingresos")
    }
    assert list(formats.values()) == ["yyyy-mm-dd hh:mm", "yyyy-mm-dd", "@", "0"]
    rules = {str(rule.sqref).rstrip("0123456789"): rule for rule in sheet.data_validations.dataValidation}
    admissions = rules[f"{letters['Número de ingresos']}2:{letters['Número de ingresos']}"]
    assert (admissions.type, admissions.formula1, admissions.formula2) == ("whole", "1", "99")


def test_what_became_of_a_row_stands_beside_it_and_nothing_else_changes(admission: Path):
    before = load_workbook(admission)
    before["ingreso"]["C2"] = "00000017"
    before.save(admission)
    write_results(admission, {Place("ingreso", 2): "ERROR: falta", Place("ingreso", 3): "anotada"})
    book = load_workbook(admission)
    sheet = book["ingreso"]
    at = [cell.value for cell in sheet[1]].index("Resultado") + 1
    assert [sheet.cell(row, at).value for row in (2, 3, 4)] == ["ERROR: falta", "anotada", None]
    assert sheet["C2"].value == "00000017"
    assert len(sheet.data_validations.dataValidation) == len(before["ingreso"].data_validations.dataValidation)
    assert [file.name for file in admission.parent.iterdir()] == ["a.xlsx"], "no draft is left"
    assert stat.S_IMODE(admission.stat().st_mode) == 0o600


def test_a_template_takes_the_place_of_nothing(admission: Path):
    content = admission.read_bytes()
    with pytest.raises(FileError, match="ya existe"):
        write_template("admission", admission)
    assert admission.read_bytes() == content
