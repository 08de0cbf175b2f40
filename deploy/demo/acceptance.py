"""Holds the running system against INPE's printed tables of January 2026, cell by cell, as a client of the gateway."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from shared.reference.published import Cell, cells

MONTH = "2026-01"
CLOSE = "2026-01-31"

Ask = Callable[[Mapping[str, Any]], list[Mapping[str, Any]]]
"""Puts a question (`measure`, `dimensions`, `filters`, `top`) for the close of the month; rows come by column."""

Place = tuple[str, str]
"""Row and column of a printed table."""


@dataclass(frozen=True)
class Printed:
    """A printed table: the question that answers it, and where in the table a row of the answer belongs."""

    question: Mapping[str, Any]
    place: Callable[[Mapping[str, Any]], Place]
    whole: bool = True  # the table prints every member, so nothing may be left over


class Difference(NamedTuple):
    """A cell that the system and the printed table do not agree on."""

    table: str
    row: str
    column: str
    printed: int
    counted: int


def _offence(row: Mapping[str, Any]) -> str:
    code = str(row["offence"])
    return {"*": "otros"}.get(code, f"{code[:-2]}/attempt" if code.endswith("-t") else code)


def _schooling(row: Mapping[str, Any]) -> str:
    stage = str(row["schooling"]).split("-", maxsplit=1)[0]
    return stage if stage in ("primaria", "secundaria") else "rest"


_SENTENCES = {
    "0-5": "[0,5)",
    "5-10": "[5,10]",
    "10-15": "(10,15]",
    "15-20": "(15,20]",
    "20-25": "(20,25]",
    "25-30": "(25,30]",
    "30-35": "(30,35]",
}
_NATIONALITIES = {"peruvian": "PE", "foreign": "foreign"}
_TOP_20 = {"dimension": "offence", "n": 20}
_SENTENCED = [{"dimension": "printed_status", "codes": ["sentenciado"]}]
_FOREIGN = [{"dimension": "nationality_group", "codes": ["foreign"]}]


def _population(*dimensions: str, **more: Any) -> dict[str, Any]:
    return {"measure": "population", "dimensions": list(dimensions), **more}


TABLES: Mapping[str, Printed] = {
    "establishment_status_sex": Printed(
        _population("establishment", "printed_status", "sex"),
        lambda row: (row["establishment"], f"{row['printed_status']}/{row['sex']}"),
    ),
    "capacity": Printed(
        {"measure": "capacity", "dimensions": ["establishment"]}, lambda row: (row["establishment"], "places")
    ),
    "offence_status": Printed(
        _population("offence", "printed_status", top=_TOP_20), lambda row: (_offence(row), row["printed_status"])
    ),
    "offence_age": Printed(
        _population("offence", "age_band", top=_TOP_20), lambda row: (_offence(row), row["age_band"])
    ),
    "civil_status_sex": Printed(_population("civil_status", "sex"), lambda row: (row["civil_status"], row["sex"])),
    "nationality_sex": Printed(
        _population("nationality_group", "sex"), lambda row: (_NATIONALITIES[row["nationality_group"]], row["sex"])
    ),
    "foreigners_establishment": Printed(
        _population("establishment", filters=_FOREIGN), lambda row: (row["establishment"], "foreign"), whole=False
    ),
    "admissions": Printed(_population("admission_number"), lambda row: (row["admission_number"], "persons")),
    "sentence": Printed(
        _population("sentence_band", filters=_SENTENCED),
        lambda row: (_SENTENCES.get(row["sentence_band"], row["sentence_band"]), "persons"),
    ),
    "schooling": Printed(
        _population("schooling"),
        lambda row: (_schooling(row), "persons"),
    ),
}


def compare(ask: Ask, tables: Collection[str] = TABLES.keys()) -> tuple[int, list[Difference]]:
    """How many printed cells of these tables were compared, and which differ, unprinted leftovers among them."""
    printed: dict[str, dict[Place, Cell]] = {}
    for cell in (cell for cell in cells(MONTH) if cell.table in tables):
        printed.setdefault(cell.table, {})[cell.row, cell.column] = cell
    differences = [different for name, places in printed.items() for different in _differences(name, places, ask)]
    return sum(map(len, printed.values())), differences


def rows_of_file(text: str, manifest: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The rows of a CSV file as a question answers them, under the keys that its manifest gives its columns."""
    keys = [column["key"] for column in manifest["columns"]]
    lines = csv.reader(io.StringIO(text.removeprefix("\N{BYTE ORDER MARK}"), newline=""))
    next(lines)
    return [{**dict(zip(keys, line, strict=True)), "value": int(line[-1])} for line in lines]


def _differences(name: str, printed: Mapping[Place, Cell], ask: Ask) -> Iterator[Difference]:
    table = TABLES[name]
    counted: Counter[Place] = Counter()
    for row in ask(table.question):
        counted[table.place(row)] += row["value"]
    for place, cell in printed.items():
        if counted[place] != cell.value:
            yield Difference(name, *place, cell.value, counted[place])
    for place in counted.keys() - printed.keys():
        if table.whole and counted[place]:
            yield Difference(name, *place, 0, counted[place])
