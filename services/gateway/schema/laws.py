"""Whether the ledger obeys its own laws."""

from __future__ import annotations

import strawberry
from strawberry.tools import create_type

from services.gateway.schema import types
from services.gateway.schema.context import Information, told
from services.gateway.schema.types import Label, Provenance, label
from shared.domain.laws import LAWS


@strawberry.type(description="A law of the ledger and how often it is broken.")
class Law:
    """See shared.domain.laws.Verdict."""

    code: str
    label: Label
    holds: bool
    broken: int = strawberry.field(description="how many cells, causes, persons or partitions break it")
    example: str = strawberry.field(description="one of them; empty if it holds")


@strawberry.type(description="The laws as they stand at one position of the log.")
class Laws:
    """See shared.domain.laws."""

    hold: bool = strawberry.field(description="all of them")
    items: list[Law]
    provenance: Provenance


async def laws(info: Information) -> Laws:
    """See Asking.laws."""
    with told():
        verdicts, rests_on = await info.context.asking.laws()
    items = [
        Law(code=one.law, label=label(LAWS[one.law]), holds=not one.broken, broken=one.broken, example=one.example)
        for one in verdicts
    ]
    return Laws(hold=all(item.holds for item in items), items=items, provenance=types.provenance(rests_on))


_ANEW = "counted anew from every entry; each minute another sample of persons is folded again."
LawsQuery = create_type(
    "LawsQuery", [strawberry.field(laws, description=f"Whether the ledger obeys its own laws, {_ANEW}")]
)
