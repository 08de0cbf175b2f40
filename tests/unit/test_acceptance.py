"""The comparison with the printed tables finds every kind of difference, and none where there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.demo.acceptance import MONTH, TABLES, Difference, compare
from shared.reference.published import cells

_BANDS = {"[0,5)": "0-5", "[5,10]": "5-10", "(10,15]": "10-15", "(15,20]": "15-20", "(20,25]": "20-25"} | {
    "(25,30]": "25-30",
    "(30,35]": "30-35",
}


def _row(table: str, row: str, column: str, value: int) -> dict[str, Any]:
    """A row of the answer that belongs in this printed cell."""
    first, *others = TABLES[table].question["dimensions"]
    code = {"otros": "*", "PE": "peruvian", "rest": "analfabeto", **_BANDS}.get(row, row.replace("/attempt", "-t"))
    if row in ("primaria", "secundaria"):
        code = f"{row}-completa"
    return {first: code, **dict(zip(others, column.split("/"), strict=False)), "value": value}


def printed(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A system that counts exactly what is printed."""
    table = next(name for name, one in TABLES.items() if one.question == question)
    return [_row(table, cell.row, cell.column, cell.value) for cell in cells(MONTH) if cell.table == table]


def test_every_published_cell_is_compared() -> None:
    assert compare(printed) == (658, [])


def test_one_person_more_or_less_is_found() -> None:
    def off_by_one(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        rows = printed(question)
        return [{**rows[0], "value": rows[0]["value"] + 1}, *rows[1:]] if question["measure"] == "capacity" else rows

    assert compare(off_by_one) == (658, [Difference("capacity", "ep-001", "places", 90, 91)])


def test_what_is_not_printed_is_a_difference_too() -> None:
    def with_unknown(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        rows = printed(question)
        return [*rows, {"admission_number": "", "value": 3}] if question["dimensions"] == ["admission_number"] else rows

    assert compare(with_unknown) == (658, [Difference("admissions", "", "persons", 0, 3)])


def test_a_missing_row_counts_as_nobody() -> None:
    def without_capacity(question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        return [] if question["measure"] == "capacity" else printed(question)

    compared, different = compare(without_capacity)
    assert (compared, len(different)) == (658, 69)
