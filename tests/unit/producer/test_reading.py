"""One fact is one row, whether it was written as a line, in a CSV, or into the workbook."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from clients.producer.cells import value
from clients.producer.columns import Column, column_of, columns
from clients.producer.facts import Facts, Row
from clients.producer.faults import Fault
from clients.producer.files import FileError
from clients.producer.reading import Entry, entries
from clients.producer.words import KINDS
from clients.producer.workbook import write_template
from shared.contracts.births import LIMA
from tests.contract.examples import accepted
from tests.support.tables import Said, kind_of, write_csv, write_lines, write_workbook

SITE = Facts("ep-022", "one-key-of-the-establishment")
_FILLED_IN = ("establishment", "rank")


def _plain(message: bytes) -> Said:
    """An example without what the kit fills in, in Lima's time."""
    said = json.loads(message)
    data = {name: part for name, part in said["data"].items() if name not in _FILLED_IN}
    if "target" in data:
        data["target"] = {"id": data["target"]["id"]}
    moment = datetime.fromisoformat(said["time"]).astimezone(LIMA)
    return {"type": said["type"], "id": said["id"], "time": moment.isoformat(), "data": data}


EXAMPLES = [_plain(message) for message in accepted().values() if kind_of(json.loads(message)) in KINDS]
TEXT = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{3,19}", fullmatch=True)


def _contents(column: Column) -> st.SearchStrategy[Any]:
    """What may stand in a column."""
    if column.codes:
        return st.sampled_from(list(column.codes))
    forms: dict[str, st.SearchStrategy[Any]] = {
        "integer": st.integers(column.least, column.most),
        "boolean": st.booleans(),
        "date": st.dates(date(1901, 1, 1)).map(date.isoformat),
        "date-time": st.integers(900_000_000, 1_700_000_000).map(
            lambda seconds: datetime.fromtimestamp(seconds, LIMA).isoformat()
        ),
        "text": TEXT,
    }
    return forms[column.form]


@st.composite
def _facts(draw: st.DrawFn, of: list[Said]) -> Said:
    """An example in which everything but the length of a sentence may be something else, or a mistake."""
    said: Said = json.loads(json.dumps(draw(st.sampled_from(of))))
    kind = kind_of(said)
    wrong = draw(st.booleans())

    def other(node: Any, path: str) -> Any:
        if isinstance(node, dict):
            return {name: other(child, f"{path}.{name}".lstrip(".")) for name, child in node.items()}
        if isinstance(node, list):
            return [other(child, f"{path}.{number}") for number, child in enumerate(node)]
        column = column_of(kind, path)
        if column is None or path.endswith((".months", ".life", ".id")):
            return node
        return draw(TEXT if wrong and column.form == "text" and not column.codes else _contents(column))

    changed: Said = {name: other(part, name) if name != "type" else part for name, part in said.items()}
    if draw(st.booleans()):
        del changed["id"]
    return changed


def _rows(write: Callable[[Path, list[Said]], None], name: str, facts: list[Said]) -> list[Row | Fault]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path, facts)
        return [entry.said if isinstance(entry.said, Fault) else SITE.row(entry.said) for entry in entries(path)]


def _in_utc(fact: Said) -> Said:
    return {**fact, "time": datetime.fromisoformat(fact["time"]).astimezone(UTC).isoformat()}


def _as_a_list_in_commas(path: Path, facts: list[Said]) -> None:
    write_csv(path, facts, separator=",")


@settings(deadline=None)
@given(st.lists(_facts(EXAMPLES), min_size=1))
def test_a_line_and_a_row_of_a_csv_are_the_same(facts: list[Said]):
    lines = _rows(write_lines, "a.ndjson", facts)
    assert len(lines) == len(facts)
    assert _rows(write_lines, "b.jsonl", list(map(_in_utc, facts))) == lines
    assert _rows(write_csv, "a.csv", facts) == lines
    assert _rows(_as_a_list_in_commas, "a.csv", facts) == lines


@pytest.mark.parametrize("kind", sorted({kind_of(fact) for fact in EXAMPLES}))
@settings(deadline=None, max_examples=5)
@given(data=st.data())
def test_a_line_and_a_row_of_a_workbook_are_the_same(kind: str, data: st.DataObject):
    facts = data.draw(st.lists(_facts([fact for fact in EXAMPLES if kind_of(fact) == kind]), min_size=1, max_size=3))
    lines = _rows(write_lines, "a.ndjson", facts)
    assert len(lines) == len(facts)
    assert _rows(write_workbook, "a.xlsx", facts) == lines


def test_the_examples_are_taken_and_reach_every_kind():
    assert {kind_of(fact) for fact in EXAMPLES} == KINDS.keys()
    assert [row for row in _rows(write_lines, "a.ndjson", EXAMPLES) if isinstance(row, Fault)] == []


TIME, NUMBER = (columns("admission")[path] for path in ("time", "data.person.number"))
BORN, SEX, STATUS, SCHOOLING, RESIDENCE = (
    columns("admission")[f"data.profile.{name}"]
    for name in ("birth_date", "sex", "civil_status", "schooling", "residence")
)
MOMENT = "2026-02-03T07:05:00-05:00"


@pytest.mark.parametrize(
    ("column", "cell", "said"),
    [
        (TIME, "2026-02-03 07:05", MOMENT),
        (TIME, "3/2/2026 7:05", MOMENT),
        (TIME, datetime(2026, 2, 3, 7, 4, 59, 999_996), MOMENT),  # noqa: DTZ001 - as Excel keeps it
        (BORN, "31/12/1979", "1979-12-31"),
        (BORN, datetime(1979, 12, 31), "1979-12-31"),  # noqa: DTZ001
        (NUMBER, " 00000017 ", "00000017"),
        (STATUS, "Soltera", "soltero"),
        (STATUS, "VIUDO", "viudo"),
        (STATUS, "Soltero [soltero]", "soltero"),
        (STATUS, "complicado", "complicado"),
        (SEX, "Mujer", "female"),
        (SCHOOLING, "superior  universitaria COMPLETA", "superior-universitaria-completa"),
        (RESIDENCE, "Miraflores", "Miraflores"),  # there are two
        (RESIDENCE, "150122", "150122"),
    ],
)
def test_what_people_write_is_understood(column: Column, cell: object, said: object):
    assert value(column, cell) == said


@pytest.mark.parametrize(
    ("heading", "cell", "code"),
    [
        ("Número de documento", 17, "string_type"),  # Excel took the zeros away
        ("Número de documento", "=A1", "formula"),
        ("Fecha y hora", "2026-02-03", "string_pattern_mismatch"),
        ("Fecha y hora", "31/02/2026 10:00", "string_pattern_mismatch"),
        ("Fecha y hora", time(10, 0), "string_pattern_mismatch"),
        ("Fecha de nacimiento", "12/31/1979", "string_pattern_mismatch"),
        ("Fecha de nacimiento", 1979, "string_pattern_mismatch"),
        ("Número de ingresos", "dos", "int_type"),
        ("Número de ingresos", 1.5, "int_type"),
        ("Motivo", "robo", "unknown_code"),
        ("Columna que nadie conoce", "x", "unknown_column"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, heading: str, cell: object, code: str):
    path = tmp_path / "a.xlsx"
    write_workbook(path, [fact for fact in EXAMPLES if kind_of(fact) == "admission"][:1])
    book = load_workbook(path)
    sheet = book["ingreso"]
    headings = [one.value for one in sheet[1]]
    at = headings.index(heading) + 1 if heading in headings else len(headings) + 1
    sheet.cell(1, at, heading)
    sheet.cell(2, at, cell)
    book.save(path)
    [entry] = entries(path)
    row = entry.said if isinstance(entry.said, Fault) else SITE.row(entry.said)
    assert isinstance(row, Fault)
    assert row.code == code


def test_zeros_that_a_csv_lost_are_not_put_back(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("tipo,Fecha y hora,Tipo de documento,Número de documento\nfuga,2026-02-03 10:00,dni,17000\n")
    [row] = [SITE.row(entry.said) for entry in entries(path) if isinstance(entry.said, dict)]
    assert isinstance(row, Fault)
    assert (row.field, row.code) == ("data.person.number", "dni_digits")
    assert "8 dígitos" in row.expected


def test_a_wrong_line_stops_no_other(tmp_path: Path):
    path = tmp_path / "a.ndjson"
    path.write_bytes(b'{"type": 1}\n\n00000017\n{"type": \xff}\n[]\n{"a": 2}')
    found = list(entries(path))
    assert [entry.place.row for entry in found] == [1, 3, 4, 5, 6]
    assert [isinstance(entry.said, Fault) for entry in found] == [False, True, True, True, False]
    assert "00000017" not in str(found)


def test_a_kind_is_named_in_spanish_or_as_in_the_contract(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("tipo,Fecha y hora\nFUGA,x\nescape,x\nhuida,x\n,x\n", encoding="utf-8")
    codes = [entry.said.code if isinstance(entry.said, Fault) else entry.said["type"] for entry in entries(path)]
    assert codes == ["siep.escape.v1", "siep.escape.v1", "unknown_kind", "unknown_kind"]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"fuga;00000017\n", "columna «tipo»"),
        ("a.csv", b"", "columna «tipo»"),
        ("a.csv", "tipo;Número de documento\nfuga;Ñ00000017".encode("latin-1"), "UTF-8"),
        ("a.csv", b'tipo;id\nfuga;"00000017"x', "CSV"),
        ("a.xlsx", b"00000017", "Excel"),
        ("a.txt", b"00000017", ".ndjson, .jsonl, .csv, .xlsx"),
    ],
)
def test_a_file_that_cannot_be_read_is_said_so(tmp_path: Path, name: str, content: bytes, told: str):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FileError, match=told) as raised:
        list(entries(tmp_path / name))
    assert "00000017" not in str(raised.value)


def test_a_table_without_headings_gives_nobody_away(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("tipo;00000017\nfuga;00000018\n", encoding="utf-8")
    assert [entry.said for entry in entries(path)] == [
        Fault("columna 2", "unknown_column", "un hecho de este tipo no tiene esta columna")
    ]


def test_a_workbook_without_a_sheet_of_a_kind_is_said_so(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    write_template("release", path)
    book = load_workbook(path)
    book["egreso por libertad"].title = "Hoja1"
    book.save(path)
    with pytest.raises(FileError, match="egreso por libertad"):
        list(entries(path))


def test_a_row_of_a_workbook_knows_its_place(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    facts = [fact for fact in EXAMPLES if kind_of(fact) == "release"]
    write_workbook(path, facts)
    found: list[Entry] = list(entries(path))
    assert [(entry.place.sheet, entry.place.row) for entry in found] == [
        ("egreso por libertad", number) for number in range(2, 2 + len(facts))
    ]
