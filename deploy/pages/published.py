"""`docs/published-tables.md`: the printed numbers that the system must be able to print again, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from string import Template
from typing import NamedTuple

from deploy.pages.markdown import page, table
from shared.domain.dimensions import REST, Dimension
from shared.reference.members import ATTEMPTED, label
from shared.reference.published import Cell, cells

TEXT = Path(__file__).with_name("published.template.md")
MONTH = "2026-01"


class Printed(NamedTuple):
    """What a printed table is about; rows and columns are members of these dimensions, if of any."""

    title: str
    head: str
    rows: Dimension | None = None
    columns: tuple[Dimension, ...] = ()
    adds_up: bool = True  # whether the sum of all cells means anything


_D = Dimension
TABLES: Mapping[str, Printed] = {
    "establishment_status_sex": Printed(
        "People by prison, legal status and sex", "Prison", _D.ESTABLISHMENT, (_D.PRINTED_STATUS, _D.SEX)
    ),
    "capacity": Printed("Capacity by prison", "Prison", _D.ESTABLISHMENT),
    "offence_status": Printed(
        "People by specific offence and legal status", "Main offence", _D.OFFENCE, (_D.PRINTED_STATUS,)
    ),
    "offence_age": Printed("People by specific offence and age", "Main offence", _D.OFFENCE, (_D.AGE_BAND,)),
    "civil_status_sex": Printed("People by civil status and sex", "Civil status", _D.CIVIL_STATUS, (_D.SEX,)),
    "nationality_sex": Printed("Peruvians and foreigners by sex", "Nationality", _D.NATIONALITY_GROUP, (_D.SEX,)),
    "foreigners_establishment": Printed(
        "Foreigners in five prisons", "Prison", _D.ESTABLISHMENT, (_D.NATIONALITY_GROUP,), adds_up=False
    ),
    "admissions": Printed("People by number of admissions", "Number of admissions", _D.ADMISSION_NUMBER),
    "sentence": Printed("Sentenced people by length of sentence, in years", "Years"),
    "schooling": Printed("People by schooling, in three groups", "Schooling"),
}

_CODES = {"otros": REST, "PE": "peruvian"}
"""Words of the printed tables that the system has another code for."""
_COUNTED = {"persons": "People", "places": "Places"}
_GROUPS = {"primaria": "Primary", "secundaria": "Secondary", "rest": "All others", "life": "Life imprisonment"}


def published() -> str:
    """The page, in Markdown."""
    printed = {name: [cell for cell in cells(MONTH) if cell.table == name] for name in TABLES}
    assert sum(map(len, printed.values())) == len(cells(MONTH)), "a printed table has no title here"
    return Template(TEXT.read_text(encoding="utf-8")).substitute(
        cells=sum(map(len, printed.values())),
        tables=len(printed),
        summary=_summary(printed),
        contents="\n".join(_section(about, of) for about, of in _known(printed)).rstrip("\n"),
    )


def _summary(printed: Mapping[str, list[Cell]]) -> str:
    rows = [
        (_link(TABLES[name].title), len(of), _total(TABLES[name], of), _sources(of)) for name, of in printed.items()
    ]
    total = ("**Together**", sum(map(len, printed.values())), "", "")
    return table(("Table", "Cells", "Sum", "Source"), [*rows, total])


def _known(printed: Mapping[str, list[Cell]]) -> Iterator[tuple[Printed, list[Cell]]]:
    for name, of in printed.items():
        yield TABLES[name], of


def _link(title: str) -> str:
    anchor = "".join(letter for letter in title.lower() if letter.isalnum() or letter == " ")
    return f"[{title}](#{anchor.replace(' ', '-')})"


def _total(about: Printed, of: list[Cell]) -> object:
    return sum(cell.value for cell in of) if about.adds_up else ""


def _sources(of: list[Cell]) -> str:
    return "; ".join(dict.fromkeys(cell.source for cell in of))


def _section(about: Printed, of: list[Cell]) -> str:
    values = {(cell.row, cell.column): cell.value for cell in of}
    columns = list(dict.fromkeys(cell.column for cell in of))
    rows = [_line(_row(about, row), [values[row, column] for column in columns]) for row in _rows(of)]
    sums = [sum(values[row, column] for row in _rows(of)) for column in columns]
    if about.adds_up:
        rows.append(_line("**Sum**", sums))
    head = [about.head, *(_column(about, column) for column in columns), *["Sum"] * (len(columns) > 1)]
    return page(f"## {about.title}", table(head, rows, numbers_from=1))


def _line(name: str, values: list[int]) -> list[object]:
    """A row; its sum is ours, and only where there is something to add."""
    return [name, *values, *[sum(values)] * (len(values) > 1)]


def _rows(of: Iterable[Cell]) -> list[str]:
    return list(dict.fromkeys(cell.row for cell in of))


def _row(about: Printed, row: str) -> str:
    if about.rows is None:
        return _GROUPS.get(row, row)
    named = label(about.rows, _CODES.get(row, row.replace("/attempt", ATTEMPTED)))
    return named.es if named.es == named.en else f"{named.es} (*{named.en}*)"


def _column(about: Printed, column: str) -> str:
    if not about.columns:
        return _COUNTED[column]
    return ", ".join(label(d, code).en for d, code in zip(about.columns, _coded(column), strict=True))


def _coded(printed: str) -> list[str]:
    return [_CODES.get(word, word) for word in printed.split("/")]
