"""The workbook as a spreadsheet program reads it. Cells of rows are the engine's: see the integration tests."""

from __future__ import annotations

import io
from pathlib import Path

import openpyxl
import pytest

from shared.adapters.files import xlsx
from shared.contracts.export_jobs import Column

COLUMNS = [
    Column(key="code", es="Código <&>", en="Code", type="text"),
    Column(key="n", es="Número", en="Number", type="integer"),
]
BASIS = [("Pregunta", '{"measure": "<population>"}'), ("Filas", "3")]


def row(code: str, number: int) -> bytes:
    return f'<row><c t="inlineStr"><is><t>{code}</t></is></c><c><v>{number}</v></c></row>\n'.encode()


def written(*blocks: bytes) -> bytes:
    sink = io.BytesIO()
    xlsx.write(sink, COLUMNS, blocks, BASIS)
    return sink.getvalue()


def sheets(content: bytes) -> dict[str, list[tuple[object, ...]]]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    found = {sheet.title: [tuple(row) for row in sheet.iter_rows(values_only=True)] for sheet in book}
    book.close()
    return found


def test_rows_and_what_they_rest_on() -> None:
    found = sheets(written(row("010101", 1) + row("010102", 2), row("150101", 3)))
    head = ("Código <&>", "Número")
    assert found == {"Datos": [head, ("010101", 1), ("010102", 2), ("150101", 3)], "Procedencia": BASIS}


def test_no_rows_make_a_sheet_with_its_head() -> None:
    assert sheets(written())["Datos"] == [("Código <&>", "Número")]


@pytest.mark.parametrize("cut", [1, 2, 7])
def test_rows_go_on_in_another_sheet_wherever_blocks_are_cut(monkeypatch: pytest.MonkeyPatch, cut: int) -> None:
    monkeypatch.setattr(xlsx, "ROWS_MAX", 4)  # a head and three rows
    rows = [row("x", number) for number in range(7)]
    found = sheets(written(*(b"".join(rows[start : start + cut]) for start in range(0, 7, cut))))
    assert list(found) == ["Datos", "Datos 2", "Datos 3", "Procedencia"]
    assert [number for name in list(found)[:3] for _, number in found[name][1:]] == list(range(7))
    assert all(found[name][0] == ("Código <&>", "Número") for name in list(found)[:3])


def test_a_part_that_would_be_too_large_goes_on_in_another_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "_BYTES_MAX", 2 * len(row("x", 1)))
    assert [len(rows) for rows in sheets(written(*(row("x", n) for n in range(5)))).values()] == [3, 3, 2, 2]


def test_the_same_rows_are_the_same_bytes_however_they_are_cut(tmp_path: Path) -> None:
    rows = [row("x", number) for number in range(2_000)]
    assert written(b"".join(rows)) == written(*rows)
