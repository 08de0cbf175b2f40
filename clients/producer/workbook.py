"""The Excel workbook of a kind of fact: made here, filled in by people, read back, told what became of each row."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import InvalidFileException
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from clients.producer.cells import FORMULA, RESULT, is_empty
from clients.producer.columns import Column, columns, kind_named
from clients.producer.files import FileError
from clients.producer.words import KINDS

COLUMNS_SHEET = "Columnas"
LISTS_SHEET = "Listas"
_FORMATS = {"date": "yyyy-mm-dd", "date-time": "yyyy-mm-dd hh:mm", "text": "@", "integer": "0", "boolean": "@"}
_LAST_ROW = 1_048_576


class Place(NamedTuple):
    """A row of a workbook; rows count from 1, as Excel shows them."""

    sheet: str
    row: int


class SheetRow(NamedTuple):
    """A row that somebody filled in."""

    place: Place
    kind: str
    headings: list[str]
    cells: list[Any]


def write_template(kind: str, path: Path) -> None:
    """A new workbook for facts of this kind. Raises FileError if the file is there already or cannot be written."""
    book = Workbook()
    sheet = book.active
    sheet.title = KINDS[kind]
    lists = _Lists(book.create_sheet(LISTS_SHEET))
    for number, column in enumerate(columns(kind).values(), 1):
        _add_column(sheet, number, column, lists)
    sheet.cell(1, len(columns(kind)) + 1, RESULT).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    _explain(book.create_sheet(COLUMNS_SHEET), kind)
    if path.exists():
        raise FileError(f"{path.name} ya existe: elija otro nombre")
    _save(book, path)


def filled_rows(path: Path) -> Iterator[SheetRow]:
    """The rows of all sheets that are named after a kind. Raises FileError if there is none."""
    sheets = [(sheet, kind_named(sheet.title)) for sheet in _load(path).worksheets]
    if not any(kind for _, kind in sheets):
        raise FileError(
            f"{path.name} no tiene ninguna hoja con el nombre de un tipo de hecho, como «{KINDS['release']}»"
        )
    for sheet, kind in sheets:
        if kind:
            yield from _filled(sheet, kind)


def write_results(path: Path, results: Mapping[Place, str]) -> None:
    """Write beside each of these rows what became of it. The file is replaced whole or not at all. Raises FileError."""
    book = _load(path)
    for place, result in results.items():
        sheet = book[place.sheet]
        headings = _headings(sheet)
        at = headings.index(RESULT) + 1 if RESULT in headings else len(headings) + 1
        sheet.cell(1, at, RESULT)
        sheet.cell(place.row, at, result)
    _save(book, path)


class _Lists:
    """The sheet that holds what the drop-downs offer, one column for each list."""

    def __init__(self, sheet: Worksheet) -> None:
        self._sheet = sheet
        self._known: dict[tuple[str, ...], str] = {}

    def reference(self, words: tuple[str, ...]) -> str:
        """Where these words stand."""
        if words not in self._known:
            letter = get_column_letter(len(self._known) + 1)
            for row, word in enumerate(words, 1):
                self._sheet[f"{letter}{row}"] = word
            self._known[words] = f"{LISTS_SHEET}!${letter}$1:${letter}${len(words)}"
        return self._known[words]


def _add_column(sheet: Worksheet, number: int, column: Column, lists: _Lists) -> None:
    letter = get_column_letter(number)
    heading = sheet.cell(1, number, column.label)
    heading.font = Font(bold=column.required)
    heading.alignment = Alignment(wrap_text=True, vertical="top")
    sheet.column_dimensions[letter].width = 22
    sheet.column_dimensions[letter].number_format = _FORMATS[column.form]
    rule = _rule(column, lists)
    if rule:
        rule.showErrorMessage = True  # or Excel lets everything pass
        rule.error = column.explanation
        rule.errorTitle = column.label[:32]  # Excel takes no more
        rule.add(f"{letter}2:{letter}{_LAST_ROW}")
        sheet.add_data_validation(rule)


def _rule(column: Column, lists: _Lists) -> DataValidation | None:
    """What Excel lets people type."""
    if column.codes or column.form == "boolean":
        words = tuple(f"{label} [{code}]" for code, label in column.codes.items()) or ("sí", "no")
        return DataValidation("list", lists.reference(words))
    if column.form == "integer":
        return DataValidation("whole", column.least, column.most, operator="between")
    if column.form in ("date", "date-time"):
        return DataValidation("date", "1", operator="greaterThanOrEqual")
    return None


def _explain(sheet: Worksheet, kind: str) -> None:
    sheet.append(["Columna", "Obligatoria", "Qué se escribe", "Nombre técnico"])
    for column in columns(kind).values():
        sheet.append([column.label, "sí" if column.required else "no", column.explanation, column.path])
    for letter, width in zip("ABCD", (40, 12, 90, 34), strict=True):
        sheet.column_dimensions[letter].width = width
        sheet[f"{letter}1"].font = Font(bold=True)


def _filled(sheet: Worksheet, kind: str) -> Iterator[SheetRow]:
    headings = _headings(sheet)
    typed = [number for number, heading in enumerate(headings) if heading != RESULT]
    for row, cells in enumerate(sheet.iter_rows(min_row=2), 2):
        contents = [_content(cell) for cell in cells]
        if not all(is_empty(contents[number]) for number in typed if number < len(contents)):
            yield SheetRow(Place(sheet.title, row), kind, headings, contents)


def _headings(sheet: Worksheet) -> list[str]:
    return [str(cell.value or "").strip() for cell in sheet[1]]


def _content(cell: Cell) -> Any:
    return FORMULA if cell.data_type in ("f", "e") else cell.value


def _load(path: Path) -> Workbook:
    try:
        return load_workbook(path)
    except (InvalidFileException, zipfile.BadZipFile, KeyError, OSError) as error:
        raise FileError(f"{path.name} no se puede leer como libro de Excel (.xlsx)") from error


def _save(book: Workbook, path: Path) -> None:
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.touch(mode=0o600)
        book.save(draft)
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise FileError(f"{path.name} no se puede escribir: ciérrelo si está abierto en Excel") from error
