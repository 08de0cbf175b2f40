"""Contradictions between facts, for those whom they concern."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import strawberry
from strawberry.tools import create_type

from services.gateway.callers import Role
from services.gateway.schema import inputs, types
from services.gateway.schema.access import OpenTo
from services.gateway.schema.context import Information, told
from services.gateway.schema.inputs import AS_KNOWN_AT
from services.gateway.schema.types import Label, Provenance, label
from shared.contracts import anomalies as asked
from shared.contracts.anomalies import AnomalyState, StatedAnomaly
from shared.domain.anomalies import LABELS

State = strawberry.enum(AnomalyState, name="AnomalyState", description="Whether a contradiction stands still.")


@strawberry.type(description="The name of a fact: its source and id.")
class FactName:
    """See shared.contracts.anomalies.FactName."""

    source: str
    id: str
    type: str = strawberry.field(description="empty where it is not told")


@strawberry.type(description="A kind of contradiction; `docs/methodology.md` has the rule that is applied.")
class AnomalyKind:
    """See shared.domain.anomalies.LISTED."""

    code: str
    label: Label


@strawberry.type(description="A fact that contradicts others. Whoever it is about is still counted once.")
class Anomaly:
    """See shared.contracts.anomalies.StatedAnomaly."""

    kind: AnomalyKind
    fact: FactName = strawberry.field(
        description="the fact that contradicts, or by which somebody was known to have left"
    )
    establishments: list[str] = strawberry.field(
        description="whom it concerns: who said it, and where the person was, or was to arrive"
    )
    since: str = strawberry.field(description="when what the fact tells happened, ISO in UTC")
    noticed_at: str = strawberry.field(description="when it was first known, ISO in UTC")
    resolved_at: str | None = strawberry.field(description="when it stopped to be one; null while it stands")
    resolved_by: FactName | None = strawberry.field(description="the fact that resolved it")


@strawberry.type(description="A page of contradictions, the latest first.")
class Anomalies:
    """See shared.contracts.anomalies.Anomalies."""

    items: list[Anomaly]
    open: int = strawberry.field(description="how many stand, in all of what was asked")
    resolved: int = strawberry.field(description="how many were resolved, in all of what was asked")
    provenance: Provenance


async def anomalies(
    info: Information,
    establishment: Annotated[str | None, strawberry.argument(description="Only what concerns it.")] = None,
    kinds: Annotated[list[str], strawberry.argument(description="Only these kinds.")] = [],  # noqa: B006 - a default of the schema; nothing changes it
    state: State = AnomalyState.OPEN,  # type: ignore[valid-type]  # strawberry gives the enum back
    as_known_at: AS_KNOWN_AT = None,
    first: Annotated[int, strawberry.argument(description=f"At most so many, up to {asked.MAX_PAGE}.")] = 100,
    skip: Annotated[int, strawberry.argument(description="Leave out so many of the latest.")] = 0,
) -> Anomalies:
    """See Asking.anomalies."""
    with told():
        found = await info.context.asking.anomalies(
            establishment=info.context.caller.scope(establishment), kinds=tuple(kinds), state=state,
            as_known_at=inputs.known_at(as_known_at), first=first, skip=skip,
        )  # fmt: skip
    return _page(found)


async def shared_identities(
    info: Information,
    from_: Annotated[date, strawberry.argument(name="from", description="First recorded day, in Lima.")],
    to: Annotated[date, strawberry.argument(description="The day after the last.")],
    establishment: Annotated[str | None, strawberry.argument(description="Only facts of this source.")] = None,
    state: State = AnomalyState.OPEN,  # type: ignore[valid-type]  # strawberry gives the enum back
    as_known_at: AS_KNOWN_AT = None,
    first: Annotated[int, strawberry.argument(description=f"At most so many, up to {asked.MAX_PAGE}.")] = 100,
    skip: Annotated[int, strawberry.argument(description="Leave out so many of the latest.")] = 0,
) -> Anomalies:
    """See Asking.shared_identities."""
    with told():
        found = await info.context.asking.shared_identities(
            establishment=info.context.caller.scope(establishment), first_day=from_, end_day=to, state=state,
            as_known_at=inputs.known_at(as_known_at), first=first, skip=skip,
        )  # fmt: skip
    return _page(found)


def _page(found: asked.Anomalies) -> Anomalies:
    return Anomalies(
        items=[_anomaly(each) for each in found.items],
        open=found.open,
        resolved=found.resolved,
        provenance=types.provenance(found.provenance),
    )


def _anomaly(of: StatedAnomaly) -> Anomaly:
    return Anomaly(
        kind=AnomalyKind(code=of.kind, label=label(LABELS[of.kind])),
        fact=fact_name(of.fact),
        establishments=list(of.establishments),
        since=of.since,
        noticed_at=of.noticed_at,
        resolved_at=of.resolved_at,
        resolved_by=fact_name(of.resolved_by) if of.resolved_by else None,
    )


def fact_name(of: asked.FactName) -> FactName:
    """The same name for the schema."""
    return FactName(source=of.source, id=of.id, type=of.type)


_OWN = OpenTo(Role.ESTABLISHMENT, Role.STATISTICIAN)
AnomaliesQuery = create_type(
    "AnomaliesQuery",
    [
        strawberry.field(
            anomalies,
            description="Facts that contradict others, and departures whose arrival did not come in time: since when, "
            "and resolved by which fact.",
            extensions=[_OWN],
        ),
        strawberry.field(
            shared_identities,
            description="The same source and id under several persons, of which one was recorded on these days "
            "[from, to): no rule counts one of them less; it stands until all but one are voided.",
            extensions=[_OWN],
        ),
    ],
)
