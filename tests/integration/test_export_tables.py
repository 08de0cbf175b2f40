"""Rows of files against the answers of the same questions, on a real engine."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.client import connect, connect_async
from shared.adapters.clickhouse.export_tables import ClickHouseTables
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.files.forms import FORMS
from shared.contracts.export_jobs import Format, Movements, Order
from shared.contracts.questions import LEDGER_VERSION, Filter, KnownAt, LogPosition, Question, Table
from shared.contracts.topics import PARTITIONS
from shared.domain.dimensions import Dimension
from shared.domain.measures import MEASURES, Interval, Measure
from shared.export_ports import TablesError
from shared.runtime.settings import Settings
from tests.support.orders import order
from tests.support.small_ledger import FIRST, LAST, consumed, rows_of, write

D = Dimension
JOURNAL = "journal_exports"
MADE = consumed(5, 150)
ALL = LogPosition(LEDGER_VERSION, tuple(len(MADE[partition]) for partition in range(PARTITIONS)))
DAY = date(2025, 2, 28)
PERIOD: dict[str, Any] = {"from_day": date(2025, 1, 1), "to_day": date(2025, 4, 1), "interval": Interval.MONTH}
PEOPLE = ("custody", "transit", "absence", "child", "supervision")
_BEYOND = "\N{BYTE ORDER MARK}"


@pytest.fixture(scope="module")
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        await connected.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        await write(ClickHouseJournal(connected, JOURNAL), MADE)
        yield connected
        await connected.command(f"DROP TABLE {JOURNAL}")


@pytest.fixture(scope="module")
def tables(clickhouse_settings: Settings, client: AsyncClient) -> Iterator[ClickHouseTables]:
    with connect(clickhouse_settings) as connected:
        yield ClickHouseTables(connected, FORMS, JOURNAL)


def file_of(tables: ClickHouseTables, asked: Order) -> bytes:
    rows = tables.rows(asked)
    sink = io.BytesIO()
    FORMS[asked.format].write(sink, rows.columns, rows.blocks(), [("Filas", str(rows.count()))])
    return sink.getvalue()


def lines_of(tables: ClickHouseTables, asked: Question | Movements, at: LogPosition = ALL) -> list[dict[str, str]]:
    """A CSV file as a program reads it, under the keys of its columns."""
    keys = [column.key for column in tables.rows(order(asked, at=at)).columns]
    lines = csv.reader(io.StringIO(file_of(tables, order(asked, at=at)).decode().removeprefix(_BEYOND), newline=""))
    next(lines)
    return [dict(zip(keys, line, strict=True)) for line in lines]


def sheet_of(tables: ClickHouseTables, asked: Question | Movements) -> list[dict[str, Any]]:
    """An XLSX file as a spreadsheet reads it, under the keys of its columns."""
    kind = Format.XLSX
    keys = [column.key for column in tables.rows(order(asked, kind, ALL)).columns]
    book = openpyxl.load_workbook(io.BytesIO(file_of(tables, order(asked, kind, ALL))), read_only=True)
    _, *rows = book["Datos"].iter_rows(values_only=True)
    book.close()
    return [dict(zip(keys, row, strict=True)) for row in rows]


def as_text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value).removesuffix(".0")  # of a ratio: the engine writes 1 and not 1.0


def told(table: Table) -> list[list[str]]:
    """The rows of an answer as a CSV file writes them: ratios to the digits that both give."""
    return [[as_text(value) for value in row] for row in table.rows]


def question_of(measure: Measure, *dimensions: Dimension) -> Question:
    time: dict[str, Any] = {"at": DAY} if MEASURES[measure].kind in {"stock", "crowding"} else PERIOD
    if MEASURES[measure].kind == "balance":
        time = {**PERIOD, "interval": None}
    return Question(measure=measure, dimensions=dimensions, **time)


@pytest.mark.parametrize("crossed", [0, 1, 2])
@pytest.mark.parametrize("measure", list(Measure))
async def test_a_file_holds_what_the_answer_holds(
    client: AsyncClient, tables: ClickHouseTables, measure: Measure, crossed: int
) -> None:
    question = question_of(measure, *sorted(MEASURES[measure].dimensions)[:crossed])
    pinned = question.model_copy(update={"as_known_at": KnownAt(position=str(ALL))})
    answer = await ClickHouseFigures(client, JOURNAL).answer(pinned)
    lines = lines_of(tables, question)
    keys = [column.key for column in answer.columns]
    assert [[line[key] for key in lines[0] if not key.endswith("_name")] for line in lines] == told(answer), keys
    assert answer.rows or MEASURES[measure].kind == "transfer", "nothing to compare"
    assert len(lines) == tables.rows(order(question, at=ALL)).count()


async def test_a_series_has_every_piece_also_those_of_nobody(tables: ClickHouseTables) -> None:
    nobody = (Filter(dimension=D.ESTABLISHMENT, codes=("ep-010",)),)
    lines = lines_of(tables, Question(measure=Measure.ADMISSIONS, filters=nobody, **PERIOD))
    assert lines == [{"from": f"2025-0{month}-01", "admissions": "0"} for month in (1, 2, 3)]


def test_codes_stand_beside_their_names_and_keep_their_zeros(tables: ClickHouseTables) -> None:
    question = question_of(Measure.POPULATION, D.RESIDENCE_DISTRICT, D.SEX)
    for rows in (lines_of(tables, question), sheet_of(tables, question)):
        places = {row["residence_district"]: row["residence_district_name"] for row in rows}
        assert places["010101"] == "Chachapoyas"
        assert {row["sex"]: row["sex_name"] for row in rows}["female"] == "Mujer"


def test_cells_of_a_workbook_are_typed(tables: ClickHouseTables) -> None:
    rows = sheet_of(tables, Question(measure=Measure.CROWDING, dimensions=(D.ESTABLISHMENT,), **PERIOD))
    kinds = {key: {type(row[key]) for row in rows} for key in rows[0]}
    assert kinds["establishment"] == {str}
    assert kinds["day"] == {datetime}
    assert kinds["population"] == {int}
    assert float in kinds["occupancy"]
    assert kinds["critical"] == {bool, type(None)}
    assert next(row["occupancy"] for row in rows if row["establishment"] == "ep-002") is None


@pytest.mark.parametrize("to_day", [date(LAST.year, LAST.month + 1, 1), date(2025, 3, 1)])
def test_movements_are_the_entries_about_people(tables: ClickHouseTables, to_day: date) -> None:
    lines = lines_of(tables, Movements(from_day=FIRST, to_day=to_day))
    told = [row for row in rows_of(MADE) if row.entry.book in PEOPLE and row.day >= FIRST]
    entries = [row for row in told if row.day < to_day]
    assert to_day > LAST or {row.day for row in told} >= {to_day - timedelta(days=1), to_day}
    assert len(lines) == len(entries)
    assert sum(int(line["stock_delta"]) for line in lines) == sum(row.entry.stock_delta for row in entries)
    written = [(line["effective_at"], int(line["partition"]), int(line["offset"]), int(line["line"])) for line in lines]
    assert written == sorted(written)
    assert not [line for line in lines if "k1:" in str(line)]
    assert {line["book_name"] for line in lines} >= {"población penal", "medio libre"}


def test_movements_can_be_those_of_some_establishments(tables: ClickHouseTables) -> None:
    some = Movements(from_day=FIRST, to_day=LAST, establishments=("ep-003", "ml-lima"))
    assert {line["establishment"] for line in lines_of(tables, some)} == {"ep-003", "ml-lima"}


def test_what_is_recorded_after_the_position_is_not_in_the_file(tables: ClickHouseTables) -> None:
    early = LogPosition(LEDGER_VERSION, tuple(count // 2 for count in ALL.next_offsets))
    period = Movements(from_day=FIRST, to_day=LAST)
    lines = lines_of(tables, period, early)
    assert 0 < len(lines) < len(lines_of(tables, period))
    assert all(int(line["offset"]) < early.next_offsets[int(line["partition"])] for line in lines)
    until = tables.rows(order(period, at=early)).recorded_until()
    last = max(row.recorded_ms for row in rows_of(MADE) if row.offset < early.next_offsets[row.partition])
    assert datetime.fromisoformat(until).timestamp() * 1000 >= last
    assert tables.rows(order(period, at=LogPosition(LEDGER_VERSION, (0,) * PARTITIONS))).recorded_until() == ""


@pytest.mark.parametrize("kind", list(Format))
def test_the_same_order_is_the_same_bytes(tables: ClickHouseTables, kind: Format) -> None:
    asked = order(Movements(from_day=FIRST, to_day=LAST), kind, ALL)
    assert file_of(tables, asked) == file_of(tables, asked)


@pytest.fixture
async def odd(client: AsyncClient) -> AsyncIterator[None]:
    """One more entry, whose texts are what no program likes."""
    text = "=1+1\\n\\x01<&>\\'\"Ñ"
    columns = (
        "partition, offset, line, seq, recorded_at, outcome, book, cause, effective_at, establishment, motive, detail"
    )
    await client.command(
        f"INSERT INTO {JOURNAL} ({columns}) SELECT 8, 0, 1, 1, '2025-03-01', 'entry', 'custody', 'release', "
        f"'2026-01-01 10:00:00', 'ep-009', ' two  spaces ', '{text}'"
    )
    yield
    await client.command(f"ALTER TABLE {JOURNAL} DELETE WHERE partition = 8 SETTINGS mutations_sync = 1")


ODD_DAY = Movements(from_day=date(2026, 1, 1), to_day=date(2026, 1, 2))
ODD = LogPosition(LEDGER_VERSION, (*ALL.next_offsets[:-1], 1))


def test_a_text_is_never_a_formula_nor_a_control_character(tables: ClickHouseTables, odd: None) -> None:
    (line,) = lines_of(tables, ODD_DAY, ODD)
    assert line["detail"] == "'=1+1\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}<&>'\"Ñ"
    book = openpyxl.load_workbook(io.BytesIO(file_of(tables, order(ODD_DAY, Format.XLSX, ODD))))
    texts = {cell.value: cell.data_type for row in book["Datos"].iter_rows(min_row=2) for cell in row}
    assert texts["=1+1\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}<&>'\"Ñ"] == "s"
    moments = {cell.isoformat() for cell, kind in texts.items() if kind == "d"}
    assert "2026-01-01T05:00:00" in moments, "moments are Lima's"


def test_a_text_keeps_the_spaces_at_its_ends_and_others_need_not_be_told_to(
    tables: ClickHouseTables, odd: None
) -> None:
    with ZipFile(io.BytesIO(file_of(tables, order(ODD_DAY, Format.XLSX, ODD)))) as archive:
        _, _, row, _ = archive.read("xl/worksheets/sheet1.xml").decode().split("\n")
    assert row.count("preserve") == 2, "a code that no catalogue has is its own name"
    assert '<t xml:space="preserve"> two  spaces </t>' in row
    assert "<t>ep-009</t>" in row


async def test_an_engine_that_fails_gives_its_reason_and_no_rows(
    clickhouse_settings: Settings, client: AsyncClient
) -> None:
    with connect(clickhouse_settings) as connected:
        rows = ClickHouseTables(connected, FORMS, "no_such_journal").rows(order(at=ALL))
        with pytest.raises(TablesError, match="no_such_journal"):
            rows.count()
        with pytest.raises(TablesError, match="no_such_journal"):
            list(rows.blocks())


async def test_an_engine_that_fails_midway_gives_its_reason(clickhouse_settings: Settings, client: AsyncClient) -> None:
    """A text that no cell can hold, behind more rows than fit into the first answer."""
    source = "SELECT 1, number, 1, 1, '2025-03-01', 'entry', 'custody', 'release', '2027-01-01 12:00:00', 'ep-009'"
    columns = "partition, offset, line, seq, recorded_at, outcome, book, cause, effective_at, establishment, detail"
    table = f"{JOURNAL}_long"
    await client.command(f"CREATE TABLE {table} AS journal_3")
    long = "if(number = 199999, repeat('x', 40000), 'x')"
    await client.command(f"INSERT INTO {table} ({columns}) {source}, {long} FROM numbers(200000)")
    asked = order(
        Movements(from_day=date(2027, 1, 1), to_day=date(2027, 1, 2)),
        Format.XLSX,
        LogPosition(LEDGER_VERSION, (10**6,) * 9),
    )
    with connect(clickhouse_settings) as connected:
        blocks = ClickHouseTables(connected, FORMS, table).rows(asked).blocks()
        with pytest.raises(TablesError, match="order it as CSV"):
            list(blocks)
    await client.command(f"DROP TABLE {table}")
