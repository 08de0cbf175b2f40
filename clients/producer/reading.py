"""Reads rows from files: NDJSON, CSV with a column `tipo`, or a workbook whose sheets are named after kinds."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from clients.producer.cells import KIND, is_empty, said
from clients.producer.columns import kind_named
from clients.producer.faults import Fault
from clients.producer.files import FileError
from clients.producer.workbook import Place, filled_rows

_UNREADABLE = Fault("", "json_invalid", "debe ser un objeto JSON por línea, en UTF-8")
_NO_KIND = Fault("tipo", "unknown_kind", "debe ser un tipo de hecho, como «ingreso» o «admission»")


class Entry(NamedTuple):
    """A row as it stands in a file, with the fact that it says or why it says none. `kind` is empty in NDJSON."""

    place: Place
    kind: str
    said: dict[str, Any] | Fault


def entries(path: Path) -> Iterator[Entry]:
    """The rows of a file, in their order; a row that cannot be read does not stop the others. Raises FileError."""
    readers: dict[str, Callable[[Path], Iterator[Entry]]] = {
        ".ndjson": _of_ndjson,
        ".jsonl": _of_ndjson,
        ".csv": _of_csv,
        ".xlsx": _of_workbook,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FileError(f"{path.name}: se leen archivos {', '.join(readers)}")
    try:
        yield from reader(path)
    except UnicodeDecodeError as error:
        raise FileError(f"{path.name} no está en UTF-8: guárdelo en Excel como «CSV UTF-8»") from error
    except csv.Error as error:
        raise FileError(f"{path.name} no es un CSV que se pueda leer") from error
    except OSError as error:
        reason = "no está ahí" if isinstance(error, FileNotFoundError) else "revise si otro programa lo tiene abierto"
        raise FileError(f"{path.name} no se puede leer: {reason}") from error


def _of_ndjson(path: Path) -> Iterator[Entry]:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.isspace():
                yield Entry(Place("", number), "", _object(line))


def _object(line: bytes) -> dict[str, Any] | Fault:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _UNREADABLE
    return found if isinstance(found, dict) else _UNREADABLE


def _of_csv(path: Path) -> Iterator[Entry]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = file.readline()
        file.seek(0)
        separator = max(",;\t", key=first.count)  # Excel writes what the country of the machine is used to
        rows = csv.reader(file, delimiter=separator, strict=True)
        headings = [heading.strip() for heading in next(rows, [])]
        at = next((number for number, heading in enumerate(headings) if heading in KIND), None)
        if at is None:
            raise FileError(f"{path.name} no tiene la columna «tipo» en su primera fila")
        for cells in rows:
            if not all(map(is_empty, cells)):
                kind = kind_named(cells[at]) if at < len(cells) else None
                yield Entry(Place("", rows.line_num), kind or "", said(kind, headings, cells) if kind else _NO_KIND)


def _of_workbook(path: Path) -> Iterator[Entry]:
    for row in filled_rows(path):
        yield Entry(row.place, row.kind, said(row.kind, row.headings, row.cells))
