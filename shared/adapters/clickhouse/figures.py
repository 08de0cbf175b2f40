"""Figures out of the journal: one SELECT per question, so numbers and position come from one snapshot."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import orjson
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from shared.adapters.clickhouse import refolding
from shared.adapters.clickhouse.answers import (
    cut_to_greatest,
    establishment_of,
    levels_of,
    placed,
    provenance_of,
    reached_since,
    table_of,
)
from shared.adapters.clickhouse.checkpoints import Checkpoint, ClickHouseCheckpoints
from shared.adapters.clickhouse.discrepancies import (
    STANDING,
    FactRow,
    anomaly_of,
    explanation_of,
    headcounts_of,
    moment_of,
    original_of,
    rows_named_in,
    shared_identity_of,
)
from shared.adapters.clickhouse.queries import LEDGER, journal_of, statement
from shared.adapters.clickhouse.statements import (
    STOOD_IN,
    Base,
    Parameters,
    Standings,
    Statement,
    around,
    changes_of,
    closes,
    cut,
    establishments,
    known,
    known_flags,
    periods,
    projection,
    rows_of,
    standings_before,
    stocks,
    takes_standings,
)
from shared.contracts.anomalies import Anomalies, AnomalyQuestion, FactName, SharedIdentityQuestion
from shared.contracts.headcounts import (
    MAX_EXPLANATIONS,
    Explanations,
    Headcount,
    HeadcountQuestion,
    Headcounts,
)
from shared.contracts.history import Change
from shared.contracts.questions import (
    MAX_ROWS,
    EstablishmentStanding,
    FiguresUnavailableError,
    KnownAt,
    LastHeard,
    LogPosition,
    Provenance,
    Question,
    Table,
    TooManyRowsError,
    UnknownPositionError,
)
from shared.contracts.terms import FIRST_DAY
from shared.contracts.topics import MERGED_PARTITION
from shared.domain.anomalies import DEPARTED_NOT_ARRIVED, TOLD_TOGETHER_MS, TRANSIT_DAYS_MAX
from shared.domain.laws import SAMPLES, Verdict

_SETTINGS: dict[str, Any] = {
    # figure, position and places are read from the same parts (DESIGN §2)
    "enable_shared_storage_snapshot_in_query": 1,
    "output_format_json_quote_64bit_integers": 0,
    "max_execution_time": 60,
}


LEDGER_WITH_CONTRADICTIONS = 2
STANDINGS_REMEMBERED = 1_000
"""Days and checkpoints; some 4 kB each."""
_THROWN = 395
"""The code of an error that a statement was told to end with."""


class ThrownError(FiguresUnavailableError):
    """A statement found that it rests on something that holds no more."""


class ClickHouseFigures:
    """See shared.ports.Figures."""

    def __init__(
        self, client: AsyncClient, journal: str = LEDGER, *, checkpoints: ClickHouseCheckpoints | None = None
    ) -> None:
        self._client = client
        self._journal = journal
        self._checkpoints = checkpoints
        self._stood: dict[tuple[str, date, date], Standings] = {}
        self._told_since: set[date] = set()

    async def answer(self, question: Question, *, max_rows: int = MAX_ROWS) -> Table:
        """See shared.ports.Figures."""
        if question.top is not None:
            found, totals, consumed = await self._levels(question.model_copy(update={"top": None}), max_rows)
            if len(found) <= max_rows:
                return table_of(question, cut_to_greatest(question, question.top, found), totals, consumed)
        found, totals, consumed = await self._levels(question, max_rows)
        if len(found) > max_rows:
            rows = rows_of(question, self._known_in(question.as_known_at), await self._base(question))
            (count,) = await self._ask(around("count", rows, question))
            raise TooManyRowsError(count, max_rows)
        return table_of(question, found, totals, consumed)

    async def _levels(self, question: Question, max_rows: int) -> list[list[Any]]:
        """Rows, one more than may be if there are more; totals; how far partitions were consumed."""
        journal, base = self._known_in(question.as_known_at), await self._base(question)
        found, totals, consumed = await self._read(question, journal, base, max_rows)
        return [found, totals, reached_since(base.base_next, consumed) if base else consumed]

    async def _read(self, question: Question, journal: str, base: Base | None, max_rows: int) -> list[list[Any]]:
        """What the journal says of it; how far partitions were consumed, from the checkpoint on."""
        most = max_rows + len(periods(question)) + 1
        if base and base.base not in self._told_since and takes_standings(question):
            standings = await self._standings(base.base, closes(question)[0], journal)
            try:
                levels = await self._answer(question, rows_of(question, journal, base, standings), most)
            except ThrownError:
                self._told_since.add(base.base)
            else:
                if len(levels[0]) <= max_rows:
                    return [placed(question, standings, levels[0]), *levels[1:]]
        return await self._answer(question, rows_of(question, journal, base), most)

    async def _answer(self, question: Question, rows: Statement, most: int) -> list[list[Any]]:
        asked = around("answer", rows, question, most=most)
        return levels_of((await self._said(asked)).splitlines())

    async def _standings(self, base: date, day: date, journal: str) -> Standings:
        """How establishments stood, which never changes: asked once, and remembered while that is not too much."""
        key = (journal, base, day)
        if key not in self._stood:
            if len(self._stood) >= STANDINGS_REMEMBERED:
                self._stood.clear()
            codes, *within = await self._ask(standings_before(base, day, journal))
            self._stood[key] = {
                name: dict(zip(codes, said, strict=True)) for name, said in zip(STOOD_IN, within, strict=True)
            }
        return self._stood[key]

    async def _base(self, question: Question) -> Base | None:
        """The checkpoints that an answer may rest on, if there are any."""
        if self._checkpoints is None or not (days := stocks(question)):
            return None
        if held := projection(question):
            return await self._base_of_sums(held, days, question.as_known_at)
        found = await self._checkpoints.roll_under(days[0], question.as_known_at)
        return _base_on(self._checkpoints.rolls, found[0].roll, found) if found else None

    async def _base_of_sums(self, held: str, days: Sequence[date], at: KnownAt | None) -> Base | None:
        """The checkpoints of months that stocks at these closes may rest on, if there are any."""
        if self._checkpoints is None:
            return None
        found = await self._checkpoints.under(days, at)
        return _base_on(self._checkpoints.table, held, found) if found else None

    async def establishments(
        self, day: date, as_known_at: KnownAt | None
    ) -> tuple[tuple[EstablishmentStanding, ...], Provenance]:
        """See shared.ports.Figures."""
        base = await self._base_of_sums("core", [day], as_known_at)
        found, standing = await self._ask(establishments(day, as_known_at, self._known_in(as_known_at), base))
        if base:
            standing = reached_since(base.base_next, standing)
        return tuple(map(establishment_of, found)), provenance_of(as_known_at, standing)

    async def open_establishments(self, day: date, known_by: LogPosition) -> tuple[str, ...]:
        """See shared.ports.Figures."""
        at = KnownAt(position=str(known_by))
        asked = {"journal": self._known_in(at), "last_day": day} | known(at)
        (codes,) = await self._ask(Statement(cut("open_establishments", known_flags(at)), asked))
        return tuple(codes)

    async def last_heard(self, day: date, known_by: LogPosition) -> tuple[LastHeard, ...]:
        """See shared.ports.Figures."""
        at = KnownAt(position=str(known_by))
        asked = {"journal": self._known_in(at), "last_day": day} | known(at)
        (found,) = await self._ask(Statement(cut("last_heard", known_flags(at)), asked))
        return tuple(LastHeard(code, moment_of(heard) if heard else None) for code, heard in found)

    async def anomalies(self, asked: AnomalyQuestion) -> Anomalies:
        """See shared.ports.Figures."""
        journal = self._with_contradictions(asked.as_known_at)
        parameters = _page(asked) | {"journal": journal, "kinds": list(asked.kinds)}
        flags = known_flags(asked.as_known_at)
        if not asked.kinds or DEPARTED_NOT_ARRIVED in asked.kinds:
            parameters |= {"days": TRANSIT_DAYS_MAX, "together": TOLD_TOGETHER_MS}
            flags |= {"departed"}
        page, still_open, resolved, standing = await self._ask(Statement(cut("anomalies", flags), parameters))
        names = await self._names(journal, rows_named_in(page))
        items = tuple(anomaly_of(said, names) for said in page)
        return Anomalies(items, still_open, resolved, provenance_of(asked.as_known_at, standing))

    async def _names(self, journal: str, rows: set[FactRow]) -> dict[FactRow, FactName]:
        """What the facts in these rows are called; instead of what aggregators told each other, what they told of.

        Asked by itself: a row of the journal never changes.
        """
        if not rows:
            return {}
        asked = Statement(cut("names", frozenset()), {"journal": journal, "rows": sorted(rows)})
        (found,) = await self._ask(asked)
        names = {(partition, offset): FactName(*name) for partition, offset, *name in found}
        originals = {row: original for row, name in names.items() if (original := original_of(name))}
        said_first = await self._names(journal, set(originals.values()))
        return names | {row: said_first[original] for row, original in originals.items()}

    async def shared_identities(self, asked: SharedIdentityQuestion) -> Anomalies:
        """See shared.ports.Figures."""
        parameters = _page(asked) | {
            "journal": self._known_in(asked.as_known_at),
            "merged": MERGED_PARTITION,
            "first_day": asked.first_day,
            "end_day": asked.end_day,
        }
        text = cut("shared_identities", known_flags(asked.as_known_at))
        page, still_open, resolved, standing = await self._ask(Statement(text, parameters))
        found = tuple(map(shared_identity_of, page))
        return Anomalies(found, still_open, resolved, provenance_of(asked.as_known_at, standing))

    async def headcounts(self, asked: HeadcountQuestion) -> Headcounts:
        """See shared.ports.Figures."""
        parameters = {
            "journal": self._with_contradictions(asked.as_known_at),
            "establishment": asked.establishment or "",
            "first_day": asked.from_day or FIRST_DAY,
            "last_day": asked.last_day,
            "first": asked.first + 1,
        }
        flags = known_flags(asked.as_known_at) | (set() if asked.from_day else {"latest"})
        signed, counted, rolls, standing = await self._ask(
            Statement(cut("headcounts", frozenset(flags)), parameters | known(asked.as_known_at))
        )
        found = headcounts_of(signed[: asked.first], counted, rolls)
        return Headcounts(found, len(signed) <= asked.first, provenance_of(asked.as_known_at, standing))

    async def explanations(self, of: Headcount, position: LogPosition) -> Explanations:
        """See shared.ports.Figures."""
        at = KnownAt(position=str(position))
        journal = journal_of(position, self._journal)
        parameters = {
            "journal": journal,
            "establishment": of.establishment,
            "moment": of.at_ms,
            "first": MAX_EXPLANATIONS + 1,  # one more is asked for, to see whether there are more
        }
        asked = Statement(cut("headcount_explanations", known_flags(at)), parameters | known(at))
        (told,) = await self._ask(asked)
        found = told[:MAX_EXPLANATIONS]
        rows = {(partition, offset) for kind, _, (partition, offset), *_ in found if kind != "anomaly"}
        names = await self._names(journal, rows)
        return Explanations(tuple(explanation_of(said, names) for said in found), len(told) <= MAX_EXPLANATIONS)

    async def changes(self, question: Question, since: LogPosition, until: LogPosition) -> tuple[Change, ...]:
        """See shared.ports.Figures."""
        asked = changes_of(
            question.model_copy(update={"as_known_at": KnownAt(position=str(until))}), since, self._journal
        )
        (found,) = await self._ask(asked)
        return tuple(Change(*each) for each in found)

    async def laws(self, sample: int) -> tuple[tuple[Verdict, ...], Provenance]:
        """See shared.ports.Figures."""
        drawn = {"journal": self._journal, "samples": SAMPLES, "sample": sample}
        verdicts, standing = await self._ask(Statement(cut("laws", known_flags(None)), drawn))
        rests_on = provenance_of(None, standing)
        folded = await self._as_folded(drawn, KnownAt(position=str(rests_on.position)))
        return (*(Verdict(law, *found) for law, found in verdicts), folded), rests_on

    async def _as_folded(self, drawn: Parameters, at: KnownAt) -> Verdict:
        """Facts and entries are read at once. Who is connected is asked before, as known at the same position."""
        asked = drawn | {"merged": MERGED_PARTITION} | known(at)
        (merges,) = await self._ask(Statement(cut("merges", known_flags(at)), asked))
        held = Statement(cut("held", known_flags(at)), asked | {"tokens": refolding.to_fetch(merges)})
        return await refolding.verdict((await self._said(held)).splitlines())

    async def ready(self) -> bool:
        """See shared.ports.Figures."""
        try:
            await self._client.command(statement("exists"), {"journal": self._journal})
        except (ClickHouseError, OSError):
            return False
        return True

    async def position(self, as_known_at: KnownAt | None) -> LogPosition:
        """See shared.ports.Figures."""
        basis = {"journal": self._known_in(as_known_at)} | known(as_known_at)
        asked = Statement(cut("standing", known_flags(as_known_at)), basis)
        return provenance_of(as_known_at, *await self._ask(asked)).position

    def _known_in(self, at: KnownAt | None) -> str:
        """The journal that holds what was known then."""
        return journal_of(LogPosition.parse(at.position), self._journal) if at and at.position else self._journal

    def _with_contradictions(self, at: KnownAt | None) -> str:
        """The journal that holds what was known then, if its fold stated anomalies and headcounts.

        Raises UnknownPositionError.
        """
        if at and at.position and LogPosition.parse(at.position).ledger_version < LEDGER_WITH_CONTRADICTIONS:
            raise UnknownPositionError(
                f"this is known from ledger {LEDGER_WITH_CONTRADICTIONS} on: ask with a time, or with a later position"
            )
        return self._known_in(at)

    async def _ask(self, asked: Statement) -> Any:
        """The one row of an answer. Raises FiguresUnavailableError."""
        return orjson.loads(await self._said(asked))

    async def _said(self, asked: Statement) -> bytes:
        """An answer, a line for each row. Raises FiguresUnavailableError."""
        try:
            return await self._client.raw_query(
                asked.sql, asked.parameters, settings=_SETTINGS, fmt="JSONCompactEachRow"
            )
        except (ClickHouseError, OSError) as error:
            if getattr(error, "code", None) == _THROWN:
                raise ThrownError("the journal ended a statement that no longer held") from error
            raise FiguresUnavailableError("the journal does not answer") from error


def _base_on(table: str, held: str, found: Sequence[Checkpoint]) -> Base:
    return Base(table, held, [one.month for one in found], found[-1].month, list(found[-1].next_offsets))


def _page(asked: AnomalyQuestion | SharedIdentityQuestion) -> Parameters:
    """What both lists of contradictions are asked by."""
    return known(asked.as_known_at) | {
        "establishment": asked.establishment or "",
        "standing": STANDING[asked.state],
        "first": asked.first,
        "skip": asked.skip,
    }


def movements(position: LogPosition, first_day: date, last_day: date, journal: str = LEDGER) -> Statement:
    """Every ledger entry effective on these days (both included), as recorded before a position: all columns."""
    parameters = {"journal": journal, "first_day": first_day, "last_day": last_day}
    return Statement(
        cut("movements", frozenset({"known_by_position"})), parameters | known(KnownAt(position=str(position)))
    )
