"""Signed headcounts beside the roll."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry.tools import create_type

from services.gateway.callers import Role
from services.gateway.schema import inputs, types
from services.gateway.schema.access import OpenTo
from services.gateway.schema.anomalies import FactName, fact_name
from services.gateway.schema.context import Information, told
from services.gateway.schema.inputs import AS_KNOWN_AT
from services.gateway.schema.types import Provenance
from shared.contracts import headcounts as contract
from shared.contracts.questions import LogPosition
from shared.domain import headcounts as domain


@strawberry.type(description="So many persons of an establishment, and where they are.")
class Persons:
    """See shared.domain.headcounts.Persons."""

    total: int
    present: int
    absent: int
    in_transit: int


@strawberry.type(description="Count and roll of one sex; the empty sex is `sin dato`.")
class HeadcountLine:
    """See shared.domain.headcounts.Compared."""

    sex: str
    counted: Persons
    roll: Persons
    difference: int = strawberry.field(description="counted less roll: above nil, the roll lacks somebody")


@strawberry.type(description="A fact that could explain a difference.")
class Explanation:
    """See shared.contracts.headcounts.Explanation."""

    kind: str = strawberry.field(
        description="anomaly, in_transit, or told_after (told after the count, of a time before)"
    )
    fact: FactName
    at: str
    recorded_at: str


@strawberry.type(description="A signed count, held against the roll of its moment as far as it is known.")
class Headcount:
    """See shared.contracts.headcounts.Headcount."""

    establishment: str
    at: str = strawberry.field(description="the moment of the count, ISO in UTC")
    age_hours: float = strawberry.field(description="how old the count is now")
    fact: FactName
    signed_by: str
    lines: list[HeadcountLine]
    unreconciled: int = strawberry.field(description="persons too many or too few, sex by sex; nil: the two agree")
    told: strawberry.Private[contract.Headcount]
    position: strawberry.Private[LogPosition]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description="Facts that could explain the difference; null if there is none. For that establishment alone."
    )
    async def explanations(self, info: Information) -> list[Explanation] | None:
        """See Asking.explanations."""
        found = await self._explained(info)
        return found and [
            Explanation(kind=each.kind, fact=fact_name(each.fact), at=each.at, recorded_at=each.recorded_at)
            for each in found.items
        ]

    @strawberry.field(  # type: ignore[untyped-decorator]  # strawberry's
        description=f"false: explanations holds the latest {contract.MAX_EXPLANATIONS} told, and there are more"
    )
    async def explanations_complete(self, info: Information) -> bool | None:
        """See shared.contracts.headcounts.Explanations."""
        found = await self._explained(info)
        return found and found.complete

    async def _explained(self, info: Information) -> contract.Explanations | None:
        with told():
            info.context.caller.require(self.establishment)
            if not self.unreconciled:
                return None
            return await info.context.asking.explanations(self.told, self.position)


@strawberry.type(description="Signed counts, the latest first.")
class Headcounts:
    """See shared.contracts.headcounts.Headcounts."""

    items: list[Headcount]
    complete: bool = strawberry.field(description="false: there are more; ask for a shorter period")
    provenance: Provenance


async def headcounts(
    info: Information,
    establishment: Annotated[str | None, strawberry.argument(description="Only its counts.")] = None,
    from_: Annotated[
        date | None,
        strawberry.argument(
            name="from", description="All counts from this day on; else the latest of each establishment."
        ),
    ] = None,
    at: Annotated[
        date | None, strawberry.argument(description="Counts by the close of this day; today if left out.")
    ] = None,
    as_known_at: AS_KNOWN_AT = None,
) -> Headcounts:
    """See Asking.headcounts."""
    with told():
        found = await info.context.asking.headcounts(
            establishment=info.context.caller.scope(establishment),
            from_day=from_,
            last_day=info.context.asking.day(at),
            as_known_at=inputs.known_at(as_known_at),
        )
    position = found.provenance.position
    return Headcounts(
        items=[_headcount(each, info.context.asking.age_hours(each), position) for each in found.items],
        complete=found.complete,
        provenance=types.provenance(found.provenance),
    )


def _headcount(of: contract.Headcount, age_hours: float, position: LogPosition) -> Headcount:
    return Headcount(
        establishment=of.establishment,
        at=of.at,
        age_hours=age_hours,
        fact=fact_name(of.fact),
        signed_by=of.signed_by,
        lines=[_line(line) for line in of.lines],
        unreconciled=of.unreconciled,
        told=of,
        position=position,
    )


def _line(of: domain.Compared) -> HeadcountLine:
    return HeadcountLine(sex=of.sex, counted=_persons(of.counted), roll=_persons(of.roll), difference=of.difference)


def _persons(of: domain.Persons) -> Persons:
    return Persons(total=of.total, present=of.present, absent=of.absent, in_transit=of.in_transit)


HeadcountsQuery = create_type(
    "HeadcountsQuery",
    [
        strawberry.field(
            headcounts,
            description="Signed headcounts beside the roll of the same moment; late facts open and close differences.",
            extensions=[OpenTo(Role.ESTABLISHMENT, Role.STATISTICIAN)],
        )
    ],
)
