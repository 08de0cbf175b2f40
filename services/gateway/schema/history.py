"""Why a figure changed."""

from __future__ import annotations

from typing import Annotated

import strawberry
from strawberry.tools import create_type

from services.gateway.schema import inputs
from services.gateway.schema.context import Information, told
from services.gateway.schema.figures import question_of
from services.gateway.schema.inputs import AsKnownAt, QuestionInput
from shared.contracts.questions import KnownAt, QuestionError


@strawberry.type(description="What the facts of one type that were recorded on one Lima day did to a figure.")
class Change:
    """See shared.contracts.history.Change."""

    recorded_day: str
    fact_type: str = strawberry.field(
        description="`moved`, `merge_notice`: tokens became one person or parted, or such a person's fact was told"
    )
    facts: int
    change: int


@strawberry.type(description="A number as it was known at two moments, and what made the difference.")
class FigureHistory:
    """See shared.contracts.history.FigureHistory."""

    since: str = strawberry.field(description="position of the first moment")
    until: str = strawberry.field(description="position of the second")
    before: int
    after: int
    changes: list[Change]
    remapped: int = strawberry.field(
        description="what no fact about people changed: an establishment was told to lie in another territory"
    )


async def figure_history(
    info: Information,
    question: Annotated[QuestionInput, strawberry.argument(description="One number: no dimensions, no interval.")],
    since: Annotated[AsKnownAt, strawberry.argument(description="As it was known then.")],
    until: Annotated[AsKnownAt | None, strawberry.argument(description="And then; now if left out.")] = None,
) -> FigureHistory:
    """See Asking.history."""
    with told():
        asked = question_of(info, question)
        if asked.as_known_at is not None:
            raise QuestionError("leave out question.asKnownAt: since and until say what was known")
        found = await info.context.asking.history(asked, _said(since), inputs.known_at(until))
    return FigureHistory(
        since=str(found.since),
        until=str(found.until),
        before=found.before,
        after=found.after,
        changes=[Change(**change._asdict()) for change in found.changes],
        remapped=found.remapped,
    )


def _said(moment: AsKnownAt) -> KnownAt:
    known = inputs.known_at(moment)
    assert known is not None, "one of its two fields is always given"
    return known


HistoryQuery = create_type(
    "HistoryQuery",
    [
        strawberry.field(
            figure_history,
            description="Why a number changed: what it was, what it is, and by how many facts of which type.",
        )
    ],
)
