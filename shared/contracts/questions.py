"""Questions and answers: what a client may ask of the figures, and the table that answers.

A figure is measure x dimensions x filters x (a day | a period and its interval) x what was known x universe. The
canonical JSON of a question names it: the same question is the same export job.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Annotated, Any, NamedTuple

import orjson
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.contracts.terms import FIRST_DAY
from shared.contracts.topics import PARTITIONS
from shared.domain.dimensions import Dimension, Label
from shared.domain.measures import MEASURES, ColumnType, Interval, Measure, Universe

MAX_DIMENSIONS = 4
MAX_ROWS = 50_000
LEDGER_VERSION = 3
_POSITION = re.compile(rf"p1\.(\d{{1,4}})\.(\d{{1,19}}(?:-\d{{1,19}}){{{PARTITIONS - 1}}})")


class LogPosition(NamedTuple):
    """How far the log was consumed: the next offset of each partition. `p1.<ledger version>.<offsets joined by ->`."""

    ledger_version: int
    next_offsets: tuple[int, ...]

    def __str__(self) -> str:
        return f"p1.{self.ledger_version}.{'-'.join(map(str, self.next_offsets))}"

    @property
    def is_of_an_older_ledger(self) -> bool:
        """Whether it was told by a ledger that another took the place of; that one is kept, and no longer grows."""
        return 1 <= self.ledger_version < LEDGER_VERSION

    @classmethod
    def parse(cls, text: str) -> LogPosition:
        """The position that this text names. Raises ValueError, which says the form expected."""
        found = _POSITION.fullmatch(text)
        if found is None:
            raise ValueError(
                f"a position reads p1.<ledger version>.<{PARTITIONS} offsets joined by ->, as answers say it"
            )
        return cls(int(found[1]), tuple(int(offset) for offset in found[2].split("-")))


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


LAST_DAY = date(2148, 12, 31)
"""Of the last year that days of the ledger, which are 16 bits, hold whole."""
_BEGINS, _ENDS = (datetime.combine(day, time(), UTC) for day in (FIRST_DAY, LAST_DAY))


class KnownAt(_Model):
    """What was known: everything recorded up to `time`, or everything before `position`; exactly one of the two."""

    time: Annotated[AwareDatetime, Field(ge=_BEGINS, le=_ENDS)] | None = None
    position: str | None = None

    @field_validator("position")
    @classmethod
    def _is_position(cls, text: str | None) -> str | None:
        return text if text is None else str(LogPosition.parse(text))

    @model_validator(mode="after")
    def _one_of(self) -> KnownAt:
        if (self.time is None) == (self.position is None):
            raise ValueError("give either time or position")
        return self


class Filter(_Model):
    """Only these members of a dimension count. An empty code is *sin dato*."""

    dimension: Dimension
    codes: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(min_length=1, max_length=500)]

    @field_validator("codes")
    @classmethod
    def _as_a_set(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(codes)))


class Top(_Model):
    """Keep the `n` greatest members of a dimension and count all others as one."""

    dimension: Dimension
    n: Annotated[int, Field(ge=1, le=1_000)]


class Question(_Model):
    """One figure or table of figures.

    `at` is the close of that day in Lima. A period is half-open, [from_day, to_day); without an interval it is one
    piece. Stocks answer a period with the close of each piece, flows with the sum over it.
    """

    measure: Measure
    dimensions: Annotated[tuple[Dimension, ...], Field(max_length=MAX_DIMENSIONS)] = ()
    filters: tuple[Filter, ...] = ()
    at: date | None = None
    from_day: date | None = None
    to_day: date | None = None
    interval: Interval | None = None
    as_known_at: KnownAt | None = None
    universe: Universe = Universe.INTRAMURAL
    top: Top | None = None

    @field_validator("filters")
    @classmethod
    def _one_filter_each(cls, filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
        if len({each.dimension for each in filters}) < len(filters):
            raise ValueError("give each dimension one filter, with all its codes")
        return tuple(sorted(filters, key=lambda each: each.dimension))

    @model_validator(mode="after")
    def _can_be_asked(self) -> Question:
        for fault in (_fault_of_time(self), _fault_of_dimensions(self), _fault_of_universe(self)):
            if fault:
                raise ValueError(fault)
        return self

    def canonical(self) -> bytes:
        """The one JSON text of this question: the same for every way of asking the same."""
        return orjson.dumps(self.model_dump(mode="json", exclude_none=True), option=orjson.OPT_SORT_KEYS)

    def key(self) -> str:
        """SHA-256 hex of the canonical JSON."""
        return hashlib.sha256(self.canonical()).hexdigest()


def _fault_of_time(question: Question) -> str:
    kind = MEASURES[question.measure].kind
    at, start, end = question.at, question.from_day, question.to_day
    if (start is None) != (end is None):
        return "from and to belong together: give both"
    if (at is None) == (start is None):
        return "give either at, or from and to"
    if at is not None and kind not in {"stock", "crowding"}:
        return f"{question.measure} is counted over a period: give from and to instead of at"
    if kind == "balance" and question.interval is not None:
        return "a balance is of one period: leave out the interval"
    if question.interval is not None and at is not None:
        return "an interval cuts a period: give from and to instead of at"
    if start is not None and end is not None and start >= end:
        return "from must be before to, which is not part of the period"
    if any(day is not None and not FIRST_DAY <= day <= LAST_DAY for day in (at, start, end)):
        return f"days lie between {FIRST_DAY} and {LAST_DAY}"
    return ""


def _fault_of_dimensions(question: Question) -> str:
    asked = question.dimensions
    if len(set(asked)) < len(asked):
        return "each dimension can be asked once"
    if question.top is not None and question.top.dimension not in asked:
        return f"top cuts a dimension that is asked: add {question.top.dimension} to the dimensions"
    if question.top is not None and len(MEASURES[question.measure].values) > 1:
        return f"{question.measure} has several values: top needs a measure with one"
    known = MEASURES[question.measure].dimensions
    if question.universe is not Universe.INTRAMURAL:
        known = MEASURES[Measure.SUPERVISIONS].dimensions
    if question.universe is Universe.BOTH:
        known = known & MEASURES[question.measure].dimensions
    unknown = [name for name in (*asked, *(each.dimension for each in question.filters)) if name not in known]
    if unknown:
        return f"{question.measure} is not known by {', '.join(unknown)}; it is by {', '.join(sorted(known))}"
    return ""


def _fault_of_universe(question: Question) -> str:
    if question.universe is not Universe.INTRAMURAL and question.measure is not Measure.POPULATION:
        return f"{question.measure} has one universe: only population can be asked for another than intramural"
    return ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table; `members` names every code that occurs in it."""

    key: str
    label: Label
    type: ColumnType
    unit: str = ""
    members: Mapping[str, Label] | None = None


@dataclass(frozen=True, slots=True)
class Provenance:
    """What an answer rests on. Asking again with this `position` gives the same numbers for ever."""

    position: LogPosition
    recorded_until: str | None  # the latest moment recorded so far, ISO in UTC
    provisional: bool  # asked for what was known at a time that not every partition has passed
    catalogue_version: str


@dataclass(frozen=True, slots=True)
class Table:
    """An answer: rows of dimension codes, then the piece of time (if the question has one), then values.

    Totals are rows of the same form without the dimensions.
    """

    question: Question
    columns: tuple[Column, ...]
    rows: list[tuple[Any, ...]]
    totals: list[tuple[Any, ...]]
    provenance: Provenance


class LastHeard(NamedTuple):
    """When the latest record of what an establishment told was made: ISO in UTC, None if it never told anything."""

    establishment: str
    at: str | None


@dataclass(frozen=True, slots=True)
class EstablishmentStanding:
    """How an establishment stood at the close of a day; `capacity` is None if nobody said it."""

    code: str
    name: str
    office: str
    district: str
    houses: str
    open: bool
    population: int
    capacity: int | None


class QuestionError(Exception):
    """A question that cannot be answered as it stands. `code` is for programs, the text says what to do."""

    code = "BAD_QUESTION"


class UnknownMemberError(QuestionError):
    """A filter names members that its dimension does not have."""

    code = "UNKNOWN_MEMBER"

    def __init__(self, dimension: Dimension, nearest: Mapping[str, tuple[str, ...]]) -> None:
        told = "; ".join(f"[{code}], nearest: {', '.join(near) or 'none'}" for code, near in nearest.items())
        super().__init__(f"{dimension} has no {told}. `dimensions` lists its members")
        self.nearest = {code: list(near) for code, near in nearest.items()}


class TooManyRowsError(QuestionError):
    """An answer has, or may have, more rows than a table may."""

    code = "TOO_MANY_ROWS"

    def __init__(self, rows: int, limit: int, *, estimated: bool = False) -> None:
        super().__init__(
            f"the answer {'may have' if estimated else 'has'} {rows} rows and the limit is {limit}: ask for fewer "
            "dimensions or a shorter period, filter or cut to the top members, or order an export"
        )
        self.rows = rows
        self.limit = limit


class UnknownPositionError(QuestionError):
    """A position that no ledger had, or not yet, or one of a ledger that does not hold what is asked."""

    code = "UNKNOWN_POSITION"


class NegativeCellError(Exception):
    """A cell of a stock is negative: the ledger is wrong, and nothing may be published from it."""


class FiguresUnavailableError(Exception):
    """The journal does not answer; asking again later may help."""
