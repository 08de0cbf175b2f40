"""Asking for contradictions between facts, and how they are answered."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.contracts.questions import KnownAt, Provenance
from shared.domain.anomalies import LISTED

MAX_PAGE = 1_000
MAX_PERIOD = timedelta(days=366)


class AnomalyState(StrEnum):
    """Whether a contradiction stands, or a later fact has resolved it."""

    OPEN = "open"
    RESOLVED = "resolved"
    ANY = "any"


class AnomalyQuestion(BaseModel):
    """Which contradictions: those that concern this establishment, of these kinds (all, if none is named)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    establishment: str | None = None
    kinds: tuple[str, ...] = ()
    state: AnomalyState = AnomalyState.OPEN
    as_known_at: KnownAt | None = None
    first: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    skip: Annotated[int, Field(ge=0)] = 0

    @field_validator("kinds")
    @classmethod
    def _are_known(cls, kinds: tuple[str, ...]) -> tuple[str, ...]:
        unknown = sorted(set(kinds) - LISTED.keys())
        if unknown:
            raise ValueError(f"no kind [{', '.join(unknown)}]; there are: {', '.join(LISTED)}")
        return kinds


class SharedIdentityQuestion(BaseModel):
    """Ids that one source gave to facts of several persons, one of them recorded from `first_day` up to `end_day`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    establishment: str | None = None
    first_day: date
    end_day: date
    state: AnomalyState = AnomalyState.OPEN
    as_known_at: KnownAt | None = None
    first: Annotated[int, Field(ge=1, le=MAX_PAGE)] = 100
    skip: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _is_a_period(self) -> SharedIdentityQuestion:
        if self.first_day >= self.end_day:
            raise ValueError("from must be before to, which is not part of the period")
        if self.end_day - self.first_day > MAX_PERIOD:
            raise ValueError(f"from and to lie at most {MAX_PERIOD.days} days apart: every id of them is looked for")
        return self


class FactName(NamedTuple):
    """What identifies a fact for ever, and its type where it is known."""

    source: str
    id: str
    type: str = ""


@dataclass(frozen=True, slots=True)
class StatedAnomaly:
    """One contradiction. Moments are ISO in UTC: since when it is so, when we learnt it, when it was resolved."""

    kind: str
    fact: FactName
    establishments: tuple[str, ...]
    since: str
    noticed_at: str
    resolved_at: str | None
    resolved_by: FactName | None


@dataclass(frozen=True, slots=True)
class Anomalies:
    """A page, and how many stand and are resolved in all of what was asked."""

    items: tuple[StatedAnomaly, ...]
    open: int
    resolved: int
    provenance: Provenance
