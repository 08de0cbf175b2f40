"""Writes facts down as people of an establishment would: as lines, as a CSV, or into the workbook of the kit."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from openpyxl import load_workbook

from clients.producer.columns import Column, column_of, columns
from clients.producer.words import KINDS
from clients.producer.workbook import write_template

Said = dict[str, Any]
"""A fact without what the kit fills in: `type`, `time` in Lima's time, `data`, and an `id` if it has one of its own."""


def kind_of(said: Said) -> str:
    return str(said["type"]).split(".")[1]


def write_lines(path: Path, facts: Sequence[Said]) -> None:
    path.write_text("".join(f"{json.dumps(fact)}\n" for fact in facts), encoding="utf-8")


def write_csv(path: Path, facts: Sequence[Said], *, separator: str = ";") -> None:
    """All kinds in one file, headed by paths."""
    tables = [dict(_flat(fact)) for fact in facts]
    headings = sorted({heading for table in tables for heading in table})
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=separator)
        writer.writerow(["tipo", *headings])
        for fact, table in zip(facts, tables, strict=True):
            kind = kind_of(fact)
            written = [_text(_column(kind, name), table[name]) if name in table else "" for name in headings]
            writer.writerow([KINDS[kind], *written])


def write_workbook(path: Path, facts: Sequence[Said]) -> None:
    """Facts of one kind, typed into a new template; columns that it lacks are added by their path."""
    kind = kind_of(facts[0])
    write_template(kind, path)
    book = load_workbook(path)
    sheet = book[KINDS[kind]]
    places = {path: number for number, path in enumerate(columns(kind), 1)}
    for row, fact in enumerate(facts, 2):
        for name, content in _flat(fact):
            number = places.setdefault(name, len(places) + 2)  # one further on stands the result
            sheet.cell(1, number, _column(kind, name).label if name in columns(kind) else name)
            sheet.cell(row, number, _typed(_column(kind, name), content))
    book.save(path)


def _column(kind: str, name: str) -> Column:
    column = column_of(kind, name)
    assert column, (kind, name)
    return column


def _flat(fact: Said) -> Iterator[tuple[str, Any]]:
    for name, content in fact.items():
        if name != "type":
            yield from _leaves(name, content)


def _leaves(path: str, node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict | list):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(f"{path}.{name}", child)
    else:
        yield path, node


def _typed(column: Column, content: Any) -> Any:
    """As a cell of Excel."""
    if column.codes:
        return f"{column.codes[content]} [{content}]"
    match column.form:
        case "date":
            return date.fromisoformat(content)
        case "date-time":
            return datetime.fromisoformat(content).replace(tzinfo=None)
        case "boolean":
            return "sí" if content else "no"
    return content


def _text(column: Column, content: Any) -> str:
    """As a program of Peru writes it."""
    match column.form:
        case "date":
            return date.fromisoformat(content).strftime("%d/%m/%Y")
        case "date-time":
            return datetime.fromisoformat(content).strftime("%d/%m/%Y %H:%M:%S")
        case "boolean":
            return "sí" if content else "no"
    return str(content)
