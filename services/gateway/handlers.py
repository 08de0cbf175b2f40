"""What the gateway does with a question: completes it, checks it against the catalogues, weighs it, has it answered.

Or has it made into a file: then it is pinned to a position of the log and handed to the exports.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from functools import cache
from itertools import groupby
from math import prod
from operator import gt
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from services.gateway.callers import INPE
from shared.contracts.anomalies import Anomalies, AnomalyQuestion, SharedIdentityQuestion
from shared.contracts.export_jobs import Format, Job, Movements, Order, definitions_version
from shared.contracts.headcounts import Explanations, Headcount, HeadcountQuestion, Headcounts
from shared.contracts.history import FigureHistory
from shared.contracts.questions import (
    MAX_ROWS,
    EstablishmentStanding,
    KnownAt,
    LastHeard,
    LogPosition,
    Provenance,
    Question,
    QuestionError,
    Table,
    TooManyRowsError,
    UnknownMemberError,
)
from shared.domain.dimensions import Dimension
from shared.domain.laws import SAMPLES, Verdict
from shared.domain.measures import MEASURES, Measure
from shared.domain.periods import pieces
from shared.export_ports import ExportJobs
from shared.ports import Figures
from shared.reference.catalogue import load
from shared.reference.members import members, unknown_members
from shared.runtime.clock import Clock

ModelT = TypeVar("ModelT", bound=BaseModel)
CELLS_MAX = 20_000_000
"""So many possible cells are counted in some seconds; more would only end in a refusal."""
WITH_HISTORY = tuple(
    name for name, spec in MEASURES.items() if spec.kind in {"stock", "flow"} and name is not Measure.SUPERVISED_PERSONS
)
"""Measures of one number that is a sum over entries."""
_FREE_CODES = 1_000  # members of a dimension without a closed list
_LIMA = timedelta(hours=-5)


class Asking:
    """Answers questions out of the figures."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock

    async def answer(self, question: Question) -> Table:
        """The table that answers a question. Raises QuestionError, or what the port raises."""
        check_members(question)
        check_size(question)
        return await self._figures.answer(question, max_rows=MAX_ROWS)

    async def establishments(
        self, at: date | None, as_known_at: KnownAt | None
    ) -> tuple[tuple[EstablishmentStanding, ...], Provenance]:
        """Every establishment as it stood at the close of a day. Raises QuestionError as `day` does."""
        return await self._figures.establishments(self.day(at), as_known_at)

    async def open_establishments(self, day: date, known_by: LogPosition) -> tuple[str, ...]:
        """The codes of those in force at the close of a day."""
        return await self._figures.open_establishments(day, known_by)

    async def last_heard(self, day: date, known_by: LogPosition) -> tuple[LastHeard, ...]:
        """When each of those was last heard, the longest silent first."""
        return await self._figures.last_heard(day, known_by)

    async def anomalies(self, **said: Any) -> Anomalies:
        """The contradictions asked for. Raises QuestionError, which names the argument and what was expected."""
        asked = _valid(AnomalyQuestion, said)
        refuse_unknown_units((asked.establishment,) if asked.establishment else ())
        return await self._figures.anomalies(asked)

    async def shared_identities(self, **said: Any) -> Anomalies:
        """The same source and id under several persons. Raises QuestionError as `anomalies` does."""
        asked = _valid(SharedIdentityQuestion, said)
        refuse_unknown_units((asked.establishment,) if asked.establishment not in (None, INPE) else ())
        return await self._figures.shared_identities(asked)

    async def history(self, question: Question, since: KnownAt, until: KnownAt | None) -> FigureHistory:
        """What a figure was, what it is, and what made the difference. Raises QuestionError."""
        if question.dimensions or question.interval or question.measure not in WITH_HISTORY:
            raise QuestionError(
                "a history is of one number: leave out by and interval, and ask for one of " + ", ".join(WITH_HISTORY)
            )
        check_members(question)
        first, last = await self._figures.position(since), await self._figures.position(until)
        if first.ledger_version != last.ledger_version or any(map(gt, first.next_offsets, last.next_offsets)):
            raise QuestionError(f"since [{first}] must lie before until [{last}], in the same ledger")
        before, after = [await self._one(question, position) for position in (first, last)]
        changes = await self._figures.changes(question, first, last)
        return FigureHistory(question, first, last, before, after, changes)

    async def _one(self, question: Question, position: LogPosition) -> int:
        pinned = question.model_copy(update={"as_known_at": KnownAt(position=str(position))})
        table = await self._figures.answer(pinned, max_rows=MAX_ROWS)
        return int(table.totals[0][-1])

    async def laws(self) -> tuple[tuple[Verdict, ...], Provenance]:
        """Whether the ledger obeys its laws now; each minute another sample of persons is looked at."""
        return await self._figures.laws(int(self._clock.now().timestamp() / 60) % SAMPLES)

    async def headcounts(self, **said: Any) -> Headcounts:
        """Signed counts beside the roll. Raises QuestionError, which names the argument and what was expected."""
        asked = _valid(HeadcountQuestion, said)
        refuse_unknown_units((asked.establishment,) if asked.establishment else ())
        return await self._figures.headcounts(asked)

    async def explanations(self, of: Headcount, position: LogPosition) -> Explanations:
        """What could explain that a count and the roll differ, as known at this position."""
        return await self._figures.explanations(of, position)

    def age_hours(self, of: Headcount) -> float:
        """How old a count is now."""
        return round((self._clock.now().timestamp() * 1000 - of.at_ms) / 3_600_000, 1)

    def question(self, **said: Any) -> Question:
        """The question that was said, without what was left out; a stock without a day is asked for today.

        Raises QuestionError, which names the argument and what was expected.
        """
        given = {name: value for name, value in said.items() if value is not None}
        untimed = not {"at", "from_day", "to_day"} & given.keys()
        if "at" in given or (untimed and MEASURES[given["measure"]].kind in {"stock", "crowding"}):
            given["at"] = self.day(given.get("at"))
        return _valid(Question, given)

    def day(self, at: date | None = None) -> date:
        """The day that is asked for: in Lima, today if none is said. Raises QuestionError if it has yet to come."""
        today = (self._clock.now() + _LIMA).date()
        if at and at > today:
            raise QuestionError(f"at: {at} has yet to come; the last day that can be asked is today in Lima, {today}")
        return at or today


def _valid(model: type[ModelT], said: Mapping[str, Any]) -> ModelT:
    try:
        return model(**said)
    except ValidationError as error:
        raise QuestionError(explained(error)) from None


def explained(error: ValidationError) -> str:
    """What is wrong with what was said, field by field."""
    faults = error.errors(include_url=False, include_input=False)
    return "; ".join(
        ".".join(map(str, fault["loc"])) + (": " if fault["loc"] else "") + fault["msg"].removeprefix("Value error, ")
        for fault in faults
    )


class Ordering:
    """Orders files, and tells what became of them."""

    def __init__(self, figures: Figures, jobs: ExportJobs, clock: Clock) -> None:
        self._figures = figures
        self._jobs = jobs
        self._clock = clock

    async def order(self, asked: Question | Movements, kind: Format, as_known_at: KnownAt | None) -> Job:
        """The job that makes this file. Raises QuestionError, or what the ports raise.

        The file is pinned to where the log stood at `as_known_at`: at one position, the same order is the same job.
        """
        if isinstance(asked, Question):
            check_members(asked)
            asked = asked.model_copy(update={"as_known_at": None})
        else:
            refuse_unknown_units(asked.establishments)
        position = await self._figures.position(as_known_at)
        order = Order(
            question=asked if isinstance(asked, Question) else None,
            movements=asked if isinstance(asked, Movements) else None,
            format=kind,
            position=str(position),
            definitions=definitions_version(),
            catalogue=load().version,
        )
        return await asyncio.to_thread(self._jobs.order, order, self._clock.now())

    async def job(self, job_id: str) -> Job | None:
        """The job as it stands. Raises JobsError."""
        return await asyncio.to_thread(self._jobs.read, job_id)

    async def cancel(self, job_id: str) -> Job | None:
        """The job, cancelled unless it has ended. Raises JobsError."""
        return await asyncio.to_thread(self._jobs.cancel, job_id, self._clock.now())


def check_members(question: Question) -> None:
    """Refuse filters by members that their dimension does not have."""
    for each in question.filters:
        _refuse_unknown(each.dimension, each.codes)


def refuse_unknown_units(establishments: Iterable[str]) -> None:
    """Movements and contradictions are of prisons and of offices of medio libre alike."""
    units = members(Dimension.SUPERVISION_UNIT)
    _refuse_unknown(Dimension.ESTABLISHMENT, tuple(code for code in establishments if code not in units))


def _refuse_unknown(dimension: Dimension, codes: tuple[str, ...]) -> None:
    unknown = unknown_members(dimension, codes)
    if unknown:
        raise UnknownMemberError(dimension, unknown)


def check_size(question: Question) -> None:
    """Refuse what is certainly too much for a table, before anything is counted."""
    possible = estimate(question)
    if not question.dimensions and possible > MAX_ROWS:
        raise TooManyRowsError(possible, MAX_ROWS)
    if possible > CELLS_MAX:
        raise TooManyRowsError(possible, CELLS_MAX, estimated=True)


def estimate(question: Question) -> int:
    """The most cells that an answer can have: members asked, levels of a hierarchy once, times pieces of the period."""
    filtered = {each.dimension: len(each.codes) for each in question.filters}
    sizes = sorted((_FAMILY.get(d, d.value), filtered.get(d) or _size(d)) for d in question.dimensions)
    cells = prod(max(size for _, size in family) for _, family in groupby(sizes, key=lambda pair: pair[0]))
    if question.from_day is None or question.to_day is None:
        return cells
    return cells * len(pieces(question.from_day, question.to_day, question.interval))


@cache
def _size(dimension: Dimension) -> int:
    return len(members(dimension)) + 1 if members(dimension) else _FREE_CODES


_D = Dimension
_FAMILY = {
    **dict.fromkeys((_D.ESTABLISHMENT, _D.REGIONAL_OFFICE, _D.DEPARTMENT, _D.PROVINCE, _D.DISTRICT), "place"),
    **dict.fromkeys((_D.RESIDENCE_DEPARTMENT, _D.RESIDENCE_PROVINCE, _D.RESIDENCE_DISTRICT), "residence"),
    **dict.fromkeys((_D.LEGAL_STATUS, _D.PRINTED_STATUS), "status"),
    **dict.fromkeys((_D.NATIONALITY, _D.NATIONALITY_GROUP), "nationality"),
    **dict.fromkeys((_D.OFFENCE, _D.OFFENCE_GENERIC, _D.ATTEMPT), "offence"),
    **dict.fromkeys((_D.LIBERTY_TYPE, _D.LIBERTY_GROUP), "liberty"),
}
"""Dimensions of which one decides the others: crossing them makes no more cells."""
