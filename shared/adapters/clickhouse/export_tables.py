"""Rows for files, out of the journal: the query of the figures inside, the cells of the format around it.

The engine writes each row itself, as one text, so a row costs microseconds and no memory here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError
from urllib3.exceptions import HTTPError

from shared.adapters.clickhouse.export_columns import PERSONAL_BOOKS, Field, of_movements, of_question
from shared.adapters.clickhouse.figures import movements
from shared.adapters.clickhouse.queries import LEDGER, journal_of, statement
from shared.adapters.clickhouse.statements import Parameters, Statement, around, closes, known, periods, rows_of
from shared.contracts.export_jobs import Column, Format, Movements, Order
from shared.contracts.questions import KnownAt, LogPosition, Question
from shared.domain.measures import MEASURES
from shared.export_ports import FileForm, TablesError

_FAILED = b"\n__exception__\r\n"
_CHUNK = 1 << 20
_SETTINGS: dict[str, Any] = {
    "enable_shared_storage_snapshot_in_query": 1,
    "query_plan_remove_redundant_sorting": 0,  # the rows are sorted in a query of their own, and must stay so
    "max_bytes_before_external_sort": 1 << 30,  # a long period is sorted on disk
    "max_block_size": 8_192,  # cells are texts: many of them in a block would be much memory
}


class ClickHouseTables:
    """See shared.ports.ExportTables. `forms` says how each format writes its rows."""

    def __init__(self, client: Client, forms: Mapping[Format, FileForm], journal: str = LEDGER) -> None:
        # names of places are too many for an address
        client.form_encode_query_params = True  # type: ignore[attr-defined]  # of the HTTP client, which is the only one
        self._client = client
        self._forms = forms
        self._journal = journal

    def rows(self, order: Order) -> ClickHouseRows:
        """See shared.ports.ExportTables."""
        journal = journal_of(LogPosition.parse(order.position), self._journal)
        if order.question is not None:
            pinned = order.question.model_copy(update={"as_known_at": KnownAt(position=order.position)})
            source, fields = _of_question(pinned, journal), of_question(pinned)
        else:
            assert order.movements is not None
            source, fields = _of_movements(order.movements, order.position, journal), of_movements()
        basis = {"journal": journal} | known(KnownAt(position=order.position))
        recorded = Statement(statement("recorded_until"), basis)
        return ClickHouseRows(self._client, source, recorded, fields, self._forms[order.format])


def _of_question(question: Question, journal: str) -> Statement:
    rows = rows_of(question, journal)
    if question.dimensions:
        table = around("table", rows, question)
    else:
        flows = MEASURES[question.measure].kind in {"flow", "transfer"}
        asked = [start for start, _ in periods(question)] if flows else closes(question)
        table = around("export_pieces", rows, question, asked_pieces=asked)
    return _over(table, "SELECT tuple(*) AS cells")


def _of_movements(asked: Movements, position: str, journal: str) -> Statement:
    entries = movements(LogPosition.parse(position), asked.from_day, asked.to_day - timedelta(days=1), journal)
    of_people = (
        "WHERE has({books:Array(String)}, book)"
        " AND (empty({establishments:Array(String)}) OR has({establishments:Array(String)}, establishment))"
    )
    more: dict[str, object] = {"books": list(PERSONAL_BOOKS), "establishments": list(asked.establishments)}
    return _over(entries, "SELECT *", of_people, more)


def _over(source: Statement, select: str, where: str = "", more: Parameters | None = None) -> Statement:
    """A query over another; what people say is in the parameters alone."""
    return Statement(f"{select} FROM (\n{source.sql}\n) {where}", source.parameters | (more or {}))


class ClickHouseRows:
    """See shared.ports.Rows."""

    def __init__(
        self, client: Client, source: Statement, recorded: Statement, fields: Sequence[Field], form: FileForm
    ) -> None:
        self.columns: Sequence[Column] = [field.column for field in fields]
        self._client = client
        self._source = source
        self._recorded = recorded
        self._fields = fields
        self._form = form

    def count(self) -> int:
        """See shared.ports.Rows."""
        return int(self._ask(_over(self._source, "SELECT count()")))

    def recorded_until(self) -> str:
        """See shared.ports.Rows."""
        milliseconds = int(self._ask(self._recorded))
        return (
            datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds") if milliseconds else ""
        )

    def _ask(self, asked: Statement) -> Any:
        try:
            return self._client.command(asked.sql, asked.parameters, settings=_SETTINGS)
        except (ClickHouseError, HTTPError, OSError) as error:
            raise TablesError(_reason(error)) from error

    def blocks(self) -> Iterator[bytes]:
        """See shared.ports.Rows."""
        asked = self._statement()
        try:
            answer: Any = self._client.raw_stream(asked.sql, asked.parameters, settings=_SETTINGS, fmt="TSVRaw")
            with answer:
                yield from _whole_rows(answer.stream(_CHUNK))
        except (ClickHouseError, HTTPError, OSError) as error:
            raise TablesError(_reason(error)) from error

    def _statement(self) -> Statement:
        """One text for each row, cell by cell what the format writes, over the source."""
        before, between, after = self._form.ROW
        parameters: Parameters = {"before": before, "between": between, "after": after}
        cells: list[str] = []
        for n, (column, sql, names) in enumerate(self._fields):
            value = sql
            if column.type == "text":
                value = _clean(sql)
            if names is not None:
                value = f"transform({value}, {{codes_{n}:Array(String)}}, {{names_{n}:Array(String)}})"
                parameters |= {f"codes_{n}": list(names), f"names_{n}": list(names.values())}
            cells.append(self._form.cell(column.type, value))
        row = ", {between:String}, ".join(cells)
        return _over(self._source, f"SELECT concat({{before:String}}, {row}, {{after:String}})", more=parameters)


def _clean(sql: str) -> str:
    """A text without control characters; worked out once for each different text of a block."""
    return (
        f"replaceRegexpAll(toLowCardinality(toString({sql})), '[\\\\x00-\\\\x1F\\\\x7F]', '\N{REPLACEMENT CHARACTER}')"
    )


def _whole_rows(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The rows in blocks that end where a row does. Raises TablesError, with the engine's reason, if it failed midway.

    An engine that fails after it began says so in the body, on lines that no row is like.
    """
    rest = b"\n"
    for chunk in chunks:
        text = rest + chunk
        if _FAILED in text:
            raise TablesError(_reason(b"".join([text, *chunks])[-4_000:].decode(errors="replace")))
        cut = text.rfind(b"\n")
        if cut:
            yield text[1 : cut + 1]
        rest = text[cut:]
    if rest != b"\n":
        raise TablesError(_reason(rest))


def _reason(error: object) -> str:
    """What people can use of an engine's error: its text without the query, or that it did not answer."""
    text = str(error)
    start = text.rfind("DB::Exception: ")
    if start < 0:
        return "the journal did not answer to the end"
    return re.split(r"\n|: while executing|\(stack_trace|\(version", text[start + len("DB::Exception: ") :])[0][:300]
