"""Facts about establishments and the country: no person in them.

Headcounts come from establishments; all others from source `inpe`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from shared.contracts.terms import (
    Code,
    Count,
    EstablishmentCode,
    Identifier,
    Model,
    OfficeCode,
    Place,
    Sex,
    Tokenised,
    formed,
)


class HeadcountLine(Model):
    """The physically counted of one sex."""

    sex: Sex
    present: Count
    absent: Count
    in_transit: Count


class Headcount(Model):
    """The signed physical count of an establishment at `time`."""

    establishment: EstablishmentCode
    counted: Annotated[list[HeadcountLine], Field(min_length=1, max_length=2)]
    signed_by: Annotated[Identifier, Tokenised("official")]


class Establishment(Model):
    """An establishment opened, closed, was renamed, moved office: how it stands from `time` on."""

    establishment: Code
    name: Annotated[str, Field(min_length=3, max_length=120)]
    office: OfficeCode
    place: Place
    houses: Literal["male", "female", "mixed"]
    open: bool = True


class Capacity(Model):
    """Places (capacidad de albergue) of an establishment from `time` on."""

    establishment: EstablishmentCode
    places: Count


class PopulationReference(Model):
    """A denominator: residents of a place at `time`, with where the number comes from."""

    place: Annotated[str, formed(r"^(PE|[0-9]{2}|[0-9]{4}|[0-9]{6})$", "PE, or an ubigeo of 2, 4 or 6 digits")]
    population: Annotated[int, Field(ge=0, le=100_000_000)]
    origin: Annotated[str, Field(min_length=3, max_length=200)]
    vintage: Annotated[int, Field(ge=1990, le=2100)]


class PeriodClose(Model):
    """A statistician closes a month: from now on its figures are a release."""

    month: Annotated[str, formed(r"^[0-9]{4}-(0[1-9]|1[0-2])$", "a month as 2026-02")]
    closed_by: Annotated[Identifier, Tokenised("official")]
