"""What INPE printed for a month, cell by cell: the numbers that the system must be able to print again.

`published/<month>/<table>.csv` are long tables. Rows and columns are catalogue codes where a catalogue has them;
`code/attempt` is the printed line "…, tentativa", `status/sex` a crossed column, `otros` the rest below the top 20.
"""

from __future__ import annotations

import csv
import io
from importlib import resources
from typing import NamedTuple


class Cell(NamedTuple):
    """One printed number."""

    table: str
    row: str
    column: str
    value: int
    source: str


def cells(month: str) -> tuple[Cell, ...]:
    """Every published cell of a month such as `2026-01`, table by table.

    Raises FileNotFoundError for a month that is not transcribed.
    """
    folder = resources.files(__package__) / "published" / month
    files = sorted((file for file in folder.iterdir() if file.name.endswith(".csv")), key=lambda file: file.name)
    rows = (row for file in files for row in csv.DictReader(io.StringIO(file.read_text(encoding="utf-8"))))
    return tuple(Cell(row["table"], row["row"], row["column"], int(row["value"]), row["source"]) for row in rows)
