"""Asking for signed counts and how they stand against the roll."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.contracts.anomalies import FactName
from shared.contracts.questions import KnownAt, Provenance
from shared.domain.headcounts import Compared, unreconciled

MAX_COUNTS = 400
MAX_EXPLANATIONS = 500


class HeadcountQuestion(BaseModel):
    """Which counts: of one establishment or of all; the latest of each by the close of a day, or all from a day on."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    establishment: str | None = None
    from_day: date | None = None
    last_day: date
    as_known_at: KnownAt | None = None
    first: Annotated[int, Field(ge=1, le=MAX_COUNTS)] = MAX_COUNTS

    @model_validator(mode="after")
    def _is_a_period(self) -> HeadcountQuestion:
        if self.from_day and self.from_day > self.last_day:
            raise ValueError("from must not be after at")
        return self


@dataclass(frozen=True, slots=True)
class Headcount:
    """A signed count of an establishment at `at` (ISO in UTC; `at_ms` the same), beside the roll of that moment."""

    establishment: str
    at: str
    at_ms: int
    fact: FactName
    signed_by: str
    lines: tuple[Compared, ...]

    @property
    def unreconciled(self) -> int:
        """How many persons are too many or too few; nil if the two agree."""
        return unreconciled(self.lines)


@dataclass(frozen=True, slots=True)
class Headcounts:
    """Counts, the latest first. `complete` is False if there are more than were asked for."""

    items: tuple[Headcount, ...]
    complete: bool
    provenance: Provenance


class Explanation(NamedTuple):
    """A fact that could explain a difference: an `anomaly`, somebody `in_transit`, or what was `told_after` the count.

    Moments are ISO in UTC: when it happened, when we learnt it.
    """

    kind: str
    fact: FactName
    at: str
    recorded_at: str


class Explanations(NamedTuple):
    """What could explain a difference, the latest told first. `complete` is False if there are more."""

    items: tuple[Explanation, ...]
    complete: bool
