"""Figures out of the journal: one SELECT per question, so numbers and position come from one snapshot."""

from __future__ import annotations

from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

import orjson
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from shared.adapters.clickhouse.columns import columns_of
from shared.adapters.clickhouse.queries import LEDGER, statement
from shared.adapters.clickhouse.statements import Statement, around, closes, cut, known, known_flags, periods, rows_of
from shared.contracts.anomalies import Anomalies, AnomalyQuestion, AnomalyState, FactName, StatedAnomaly
from shared.contracts.questions import (
    LEDGER_VERSION,
    MAX_DIMENSIONS,
    MAX_ROWS,
    EstablishmentStanding,
    FiguresUnavailableError,
    KnownAt,
    LogPosition,
    NegativeCellError,
    Provenance,
    Question,
    Table,
    TooManyRowsError,
    UnknownPositionError,
)
from shared.contracts.topics import PARTITIONS
from shared.domain.measures import MEASURES
from shared.reference.catalogue import load

_SETTINGS: dict[str, Any] = {
    # figure, position and places are read from the same parts (DESIGN §2)
    "enable_shared_storage_snapshot_in_query": 1,
    "output_format_json_quote_64bit_integers": 0,
    "max_execution_time": 60,
}
_STANDING = {AnomalyState.OPEN: [1], AnomalyState.RESOLVED: [0], AnomalyState.ANY: [0, 1]}


class ClickHouseFigures:
    """See shared.ports.Figures."""

    def __init__(self, client: AsyncClient, journal: str = LEDGER) -> None:
        self._client = client
        self._journal = journal

    async def answer(self, question: Question, *, max_rows: int = MAX_ROWS) -> Table:
        """See shared.ports.Figures."""
        asked = around("answer", rows_of(question, self._journal), question, max_rows=max_rows)
        return _table(question, await self._ask(asked), max_rows)

    async def establishments(
        self, day: date, as_known_at: KnownAt | None
    ) -> tuple[tuple[EstablishmentStanding, ...], Provenance]:
        """See shared.ports.Figures."""
        parameters = {"journal": self._journal, "last_day": day}
        asked = Statement(cut("establishments", known_flags(as_known_at)), parameters | known(as_known_at))
        found, standing = await self._ask(asked)
        return tuple(map(_establishment, found)), _provenance(as_known_at, standing)

    async def anomalies(self, asked: AnomalyQuestion) -> Anomalies:
        """See shared.ports.Figures."""
        parameters = {
            "journal": self._journal,
            "establishment": asked.establishment or "",
            "kinds": list(asked.kinds),
            "standing": _STANDING[asked.state],
            "first": asked.first,
            "skip": asked.skip,
        }
        flags = known_flags(asked.as_known_at)
        found = await self._ask(Statement(cut("anomalies", flags), parameters | known(asked.as_known_at)))
        page, still_open, resolved, standing = found
        return Anomalies(tuple(map(_anomaly, page)), still_open, resolved, _provenance(asked.as_known_at, standing))

    async def ready(self) -> bool:
        """See shared.ports.Figures."""
        try:
            await self._client.command(statement("exists"), {"journal": self._journal})
        except (ClickHouseError, OSError):
            return False
        return True

    async def position(self, as_known_at: KnownAt | None) -> LogPosition:
        """See shared.ports.Figures."""
        asked = Statement(cut("standing", known_flags(as_known_at)), {"journal": self._journal} | known(as_known_at))
        return _provenance(as_known_at, *await self._ask(asked)).position

    async def _ask(self, asked: Statement) -> Any:
        """The one row of an answer. Raises FiguresUnavailableError."""
        try:
            said = await self._client.raw_query(
                asked.sql, asked.parameters, settings=_SETTINGS, fmt="JSONCompactEachRow"
            )
        except (ClickHouseError, OSError) as error:
            raise FiguresUnavailableError("the journal does not answer") from error
        return orjson.loads(said)


def movements(position: LogPosition, first_day: date, last_day: date, journal: str = LEDGER) -> Statement:
    """Every ledger entry effective on these days (both included), as recorded before a position: all columns."""
    parameters = {"journal": journal, "first_day": first_day, "last_day": last_day}
    return Statement(
        cut("movements", frozenset({"known_by_position"})), parameters | known(KnownAt(position=str(position)))
    )


def _table(question: Question, said: list[Any], max_rows: int) -> Table:
    count, rows, totals, establishments, standing = said
    if count > max_rows:
        raise TooManyRowsError(count, max_rows)
    kept = _kept(question)
    pick = itemgetter(*kept) if len(kept) > 1 else lambda row: (row[kept[0]],)
    found = list(map(pick, rows))
    totals = _all_pieces(question, [row if _has_pieces(question) else row[1:] for row in totals])
    if not question.dimensions:
        found = totals
    _refuse_negative(question, found)
    provenance = _provenance(question.as_known_at, standing)
    return Table(question, columns_of(question, found), found, totals, provenance, tuple(establishments))


def _establishment(said: list[Any]) -> EstablishmentStanding:
    code, is_open, standing, population, capacity = said
    office, district, houses, name = standing.split("|", 3)
    return EstablishmentStanding(code, name, office, district, houses, bool(is_open), population, capacity or None)


def _anomaly(said: list[Any]) -> StatedAnomaly:
    detail, establishment, other, since, noticed, stands, resolved, *by = said
    kind, source, fact_id = detail.split("|", 2)
    return StatedAnomaly(
        kind,
        FactName(source, fact_id),
        (establishment, other) if other else (establishment,),
        _moment(since),
        _moment(noticed),
        None if stands else _moment(resolved),
        None if stands else FactName(*by),
    )


def _has_pieces(question: Question) -> bool:
    return question.at is None


def _kept(question: Question) -> list[int]:
    """Which columns of the result are those of the table: the dimensions asked, the piece of a period, the values."""
    values = len(MEASURES[question.measure].values)
    first_value = MAX_DIMENSIONS + 1
    pieces = [MAX_DIMENSIONS] if _has_pieces(question) else []
    return [*range(len(question.dimensions)), *pieces, *range(first_value, first_value + values)]


def _all_pieces(question: Question, totals: list[list[Any]]) -> list[tuple[Any, ...]]:
    """A total for every piece of the period: where nothing is counted the total is nothing, not absent."""
    spec = MEASURES[question.measure]
    nothing = tuple(0 if value.type == "integer" else None for value in spec.values)
    if not _has_pieces(question):
        return [tuple(total) for total in totals] or [nothing]
    said = {total[0]: tuple(total) for total in totals}
    flows = spec.kind in {"flow", "transfer"}
    days = [start for start, _ in periods(question)] if flows else closes(question)
    return [said.get(day.isoformat(), (day.isoformat(), *nothing)) for day in days]


def _refuse_negative(question: Question, rows: list[tuple[Any, ...]]) -> None:
    """No cell of a stock is ever negative: a person is in it or not."""
    if MEASURES[question.measure].kind == "stock":
        values = len(MEASURES[question.measure].values)
        for row in rows:
            if min(row[-values:]) < 0:
                raise NegativeCellError(f"{question.measure} is negative in {row}: the ledger needs `make verify`")


def _provenance(at: KnownAt | None, standing: list[tuple[int, int, int]]) -> Provenance:
    said = {partition: (next_offset, recorded) for partition, next_offset, recorded in standing}
    offsets, passed = zip(*(said.get(number, (0, 0)) for number in range(PARTITIONS)), strict=True)
    position = LogPosition(LEDGER_VERSION, offsets)
    if at is not None and at.position is not None:
        position = _reached(LogPosition.parse(at.position), position)
    return Provenance(
        position,
        _moment(max(passed)) if any(passed) else None,
        at is not None and at.time is not None and min(passed) <= at.time.timestamp() * 1000,
        load().version,
    )


def _reached(asked: LogPosition, current: LogPosition) -> LogPosition:
    """The position asked for, if this ledger has come that far."""
    if asked.ledger_version != LEDGER_VERSION:
        raise UnknownPositionError(f"position [{asked}] belongs to another ledger; this one is {LEDGER_VERSION}")
    if any(next_ > now for next_, now in zip(asked.next_offsets, current.next_offsets, strict=True)):
        raise UnknownPositionError(f"position [{asked}] lies ahead of what was counted so far, which is [{current}]")
    return asked


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
