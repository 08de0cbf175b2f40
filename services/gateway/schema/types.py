"""What a client gets: tables and what they are made of."""

from __future__ import annotations

from datetime import date
from typing import cast

import strawberry
from strawberry.scalars import JSON

from services.gateway.schema import enums as _enums  # noqa: F401 - the enumerations below are declared there
from services.gateway.schema.context import Information, told
from shared.contracts import questions as contract
from shared.domain import dimensions as domain
from shared.domain.dimensions import Dimension
from shared.domain.measures import Measure
from shared.domain.periods import ONE_DAY


@strawberry.type(description="A name in both languages.")
class Label:
    """See shared.domain.dimensions.Label."""

    es: str
    en: str


def label(of: domain.Label) -> Label:
    """The same label for the schema."""
    return Label(es=of.es, en=of.en)


@strawberry.type(description="A column of a table.")
class Column:
    """See shared.contracts.questions.Column."""

    key: str
    label: Label
    type: str = strawberry.field(description="code, day, integer, decimal or flag")
    unit: str
    members: JSON | None = strawberry.field(
        description="Every code that occurs, with its label: {code: {es, en}}, in the order in which people read them."
    )


@strawberry.type(description="What an answer rests on. Asking again with its position gives the same numbers for ever.")
class Provenance:
    """See shared.contracts.questions.Provenance."""

    position: str = strawberry.field(description="p1.<ledger version>.<next offset of each partition>")
    recorded_until: str | None = strawberry.field(description="The last moment recorded so far.")
    provisional: bool = strawberry.field(
        description="The time of asKnownAt is not passed everywhere: more may be recorded."
    )
    catalogue_version: str
    ledger_version: int


def provenance(of: contract.Provenance) -> Provenance:
    """The same provenance for the schema."""
    return Provenance(
        position=str(of.position),
        recorded_until=of.recorded_until,
        provisional=of.provisional,
        catalogue_version=of.catalogue_version,
        ledger_version=of.position.ledger_version,
    )


@strawberry.type(description="The latest signed headcounts against the roll of the same moments.")
class Unreconciled:
    """See shared.domain.headcounts.unreconciled."""

    counted: int = strawberry.field(description="establishments that have a headcount")
    establishments: list[str] = strawberry.field(description="those where count and roll differ")
    persons: int = strawberry.field(description="so many persons too many or too few, sex by sex, in all of them")


@strawberry.type(description="Until when an establishment told what happened.")
class LastHeard:
    """See shared.contracts.questions.LastHeard."""

    establishment: str
    at: str | None = strawberry.field(description="when the latest record from it was made, whatever became of it")


@strawberry.type(description="Whom an answer can speak for.")
class Coverage:
    """Each field is read when it is asked for, as known at the position of the answer; null where that is refused."""

    last_day: strawberry.Private[date]
    position: strawberry.Private[contract.LogPosition]

    @strawberry.field(description="Those in force at the close of the last day asked.")  # type: ignore[untyped-decorator]  # strawberry's
    async def establishments(self, info: Information) -> list[str] | None:
        """See Asking.open_establishments."""
        with told():
            return list(await info.context.asking.open_establishments(self.last_day, self.position))

    @strawberry.field(description="When each of them was last heard, the longest silent first: its figures end there.")  # type: ignore[untyped-decorator]  # strawberry's
    async def last_heard(self, info: Information) -> list[LastHeard] | None:
        """See Asking.last_heard."""
        with told():
            found = await info.context.asking.last_heard(self.last_day, self.position)
        return [LastHeard(establishment=each.establishment, at=each.at) for each in found]

    @strawberry.field(description="What signed headcounts do not agree with.")  # type: ignore[untyped-decorator]  # strawberry's
    async def unreconciled(self, info: Information) -> Unreconciled | None:
        """Of the latest count of each establishment by the last day asked."""
        with told():
            found = await info.context.asking.headcounts(
                last_day=self.last_day, as_known_at=contract.KnownAt(position=str(self.position))
            )
        return Unreconciled(
            counted=len(found.items),
            establishments=[each.establishment for each in found.items if each.unreconciled],
            persons=sum(each.unreconciled for each in found.items),
        )


@strawberry.type(description="An answer. Rows hold codes; columns name them.")
class Table:
    """See shared.contracts.questions.Table."""

    asked: strawberry.Private[contract.Question]
    columns: list[Column]
    rows: JSON = strawberry.field(description="Rows in the order of the columns; cells of nothing are left out.")
    totals: JSON = strawberry.field(description="One row for each piece of time, without the dimensions.")
    provenance: Provenance
    coverage: Coverage

    @strawberry.field(description="The question in its canonical form, with what was left to default.")  # type: ignore[untyped-decorator]  # strawberry's
    def question(self) -> JSON:
        """Written down when it is asked for."""
        return JSON(self.asked.model_dump(mode="json", exclude_none=True))


def table(of: contract.Table) -> Table:
    """The same table for the schema; its rows are passed on as they are."""
    return Table(
        asked=of.question,
        columns=[_column(column) for column in of.columns],
        rows=JSON(of.rows),
        totals=JSON(of.totals),
        provenance=provenance(of.provenance),
        coverage=Coverage(
            last_day=of.question.at or cast("date", of.question.to_day) - ONE_DAY,
            position=of.provenance.position,
        ),
    )


def _column(of: contract.Column) -> Column:
    return Column(
        key=of.key,
        label=label(of.label),
        type=of.type,
        unit=of.unit,
        members=None if of.members is None else JSON(of.members),
    )


@strawberry.type(description="An establishment as it stood at the close of a day.")
class Establishment:
    """See shared.contracts.questions.EstablishmentStanding."""

    code: str
    name: str
    office: Member
    department: Member
    province: Member
    district: Member
    houses: str = strawberry.field(description="male, female or mixed")
    open: bool
    population: int
    capacity: int | None = strawberry.field(description="Places in force on the day; null if nobody said them.")
    occupancy: float | None = strawberry.field(description="P / C")
    excess: int | None = strawberry.field(description="P - C")
    overcrowding: float | None = strawberry.field(description="(P - C) / C")
    critical: bool | None = strawberry.field(description="Hacinamiento: 5 (P - C) > C, compared unrounded.")


@strawberry.type(description="Establishments with what the list rests on.")
class Establishments:
    """An answer about every establishment."""

    at: date
    items: list[Establishment]
    provenance: Provenance


@strawberry.type(description="A member of a dimension or an entry of a catalogue.")
class Member:
    """A code with its names."""

    code: str
    label: Label


@strawberry.type(description="A dimension, and its members if it has a closed list.")
class DimensionInfo:
    """See shared.domain.dimensions.DimensionSpec."""

    name: Dimension
    label: Label
    description: str
    members: list[Member]


@strawberry.type(description="A value that a measure answers with.")
class ValueInfo:
    """See shared.domain.measures.ValueColumn."""

    key: str
    label: Label
    type: str
    unit: str


@strawberry.type(description="A measure: what it counts and by what it can be asked.")
class MeasureInfo:
    """See shared.domain.measures.MeasureSpec."""

    name: Measure
    label: Label
    definition: str
    kind: str = strawberry.field(description="stock, flow, transfer, crowding or balance")
    values: list[ValueInfo]
    dimensions: list[Dimension]


@strawberry.type(description="An entry of a catalogue.")
class CatalogueEntry:
    """See shared.reference.catalogue.Entry."""

    code: str
    label: Label
    parent: str
    rank: int | None
    source: str
    valid_from: str
    valid_to: str


@strawberry.type(description="A closed list of codes; `version` names the state of all lists.")
class Catalogue:
    """See shared.reference.catalogue.Catalogue."""

    name: str
    version: str
    entries: list[CatalogueEntry]
