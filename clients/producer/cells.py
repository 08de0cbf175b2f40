"""From the cells of a row to what a fact says, whether a person typed them, Excel did, or another program.

What cannot be read is handed on in a form that the contract refuses there: one place says what is wrong.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from clients.producer.columns import Column, column_of, type_of
from clients.producer.faults import Fault
from shared.contracts.facts import DATA_INBOUND

RESULT = "Resultado"
"""The column in which a workbook is told what became of each row."""

KIND = ("tipo", "type")
"""The column of a CSV that says what kind of fact a row is."""

FORMULA = object()
"""Stands for a cell that is computed: what it shows depends on who opens the file."""

_BOOLEANS = dict.fromkeys(("sí", "si", "true", "verdadero"), True) | dict.fromkeys(("no", "false", "falso"), False)
_DAY = re.compile(r"(?P<y>\d{4})-(?P<m>\d{2})-(?P<d>\d{2})|(?P<d2>\d{1,2})/(?P<m2>\d{1,2})/(?P<y2>\d{4})")
_HOUR = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")


def said(kind: str, headings: Iterable[str], cells: Iterable[Any]) -> dict[str, Any] | Fault:
    """The fact that a row says, not yet checked; an empty cell says nothing."""
    values: dict[str, Any] = {}
    for number, (heading, cell) in enumerate(itertools.zip_longest(headings, cells, fillvalue=""), 1):
        if is_empty(cell) or heading.strip() in (*KIND, RESULT):
            continue
        column = column_of(kind, heading)
        if column is None:  # the heading is not repeated: in a table without headings it is a person's data
            return Fault(f"columna {number}", "unknown_column", "un hecho de este tipo no tiene esta columna")
        if cell is FORMULA:
            return Fault(column.path, "formula", "no puede ser una fórmula: escriba el valor")
        values[column.path] = value(column, cell)
    return _assembled(kind, values)


def is_empty(cell: Any) -> bool:
    """Whether nothing is written there."""
    return cell is None or (isinstance(cell, str) and not cell.strip())


def value(column: Column, cell: Any) -> Any:
    """What a cell says in JSON. Days are YYYY-MM-DD or DD/MM/YYYY; moments without an offset are of Lima."""
    if isinstance(cell, str):
        return _of_text(column, cell.strip())
    match column.form, cell:
        case "boolean", bool():
            return cell
        case "integer", int() | float() if cell == int(cell) and not isinstance(cell, bool):
            return int(cell)
        case "date", datetime() if cell.time() == datetime.min.time():
            return cell.date().isoformat()
        case "date-time", datetime():
            return f"{_whole_seconds(cell).isoformat()}-05:00"
    return 0 if column.form == "text" else "?"


def _of_text(column: Column, text: str) -> Any:
    if column.codes:
        return column.code_of(text) or text
    match column.form:
        case "integer":
            return int(text) if re.fullmatch(r"-?[0-9]{1,9}", text) else text
        case "boolean":
            return _BOOLEANS.get(text.casefold(), text)
        case "date":
            return _day(text) or text
        case "date-time":
            return _moment(text)
    return text


def _day(text: str) -> str | None:
    found = _DAY.fullmatch(text)
    if not found:
        return None
    year, month, day = (int(found[name] or found[f"{name}2"]) for name in "ymd")
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def _moment(text: str) -> str:
    day, _, hour = text.replace("T", " ", 1).partition(" ")
    found = _HOUR.fullmatch(hour.strip())
    if not (found and _day(day)):
        return text
    hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return f"{_day(day)}T{hours:02}:{minutes:02}:{seconds:02}-05:00"


def _whole_seconds(moment: datetime) -> datetime:
    """Excel keeps a moment as a fraction of days, which is off by microseconds."""
    return (moment + timedelta(milliseconds=500)).replace(microsecond=0)


def _assembled(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The nested fact; "no" is the default of every yes or no, so it goes unsaid."""
    fields = DATA_INBOUND[type_of(kind)].model_fields
    empty: dict[str, Any] = {"profile": {}, "cases": []}
    fact = {"type": type_of(kind), "data": {name: blank for name, blank in empty.items() if name in fields}}
    for path, content in values.items():
        if content is not False:
            _put(fact, path.split("."), content)
    return fact


def _put(node: Any, path: list[str], content: Any) -> None:
    name, *rest = path
    if isinstance(node, list):
        node += [{} for _ in range(int(name) + 1 - len(node))]
        _put(node[int(name)], rest, content)
    elif rest:
        _put(node.setdefault(name, [] if rest[0].isdigit() else {}), rest, content)
    else:
        node[name] = content
