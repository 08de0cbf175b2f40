"""What a client says to ask a question."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry
from pydantic import ValidationError
from strawberry import UNSET

from services.gateway.handlers import explained
from services.gateway.schema import enums as _enums  # noqa: F401 - the enumerations below are declared there
from shared.contracts.questions import Filter, KnownAt, QuestionError, Top
from shared.domain.dimensions import Dimension
from shared.domain.measures import Interval, Measure, Universe


@strawberry.input(one_of=True, description="What was known: by a moment, or before a position that an answer named.")
class AsKnownAt:
    """See shared.contracts.questions.KnownAt."""

    time: datetime | None = strawberry.field(
        default=UNSET,
        description="Everything recorded up to this moment; say the offset: 2026-02-01T00:00:00-05:00.",
    )
    position: str | None = strawberry.field(
        default=UNSET, description="Everything before this position, as `provenance { position }` gives it."
    )


@strawberry.input(description="Only these members count; an empty code is `sin dato`.")
class Where:
    """See shared.contracts.questions.Filter."""

    dimension: Dimension
    codes: list[str]


@strawberry.input(description="Keep the n greatest members of a dimension; all others become one, coded `*`.")
class TopMembers:
    """See shared.contracts.questions.Top."""

    dimension: Dimension
    n: int


AT = Annotated[
    date | None,
    strawberry.argument(
        description="The close of this day in Lima, at the latest today; today if no time is said at all."
    ),
]
FROM = Annotated[date | None, strawberry.argument(name="from", description="First day of a period.")]
TO = Annotated[
    date | None, strawberry.argument(name="to", description="The day after its last: periods are half-open.")
]
INTERVAL = Annotated[Interval | None, strawberry.argument(description="Cut the period; without it, it is one piece.")]
BY = Annotated[list[Dimension], strawberry.argument(description="Up to four dimensions, in the order of the columns.")]
WHERE = Annotated[list[Where], strawberry.argument(description="Filters; all of them must hold.")]
AS_KNOWN_AT = Annotated[
    AsKnownAt | None, strawberry.argument(description="As it was known then; everything known now if left out.")
]
TOP = Annotated[TopMembers | None, strawberry.argument(description="Cut one dimension to its greatest members.")]


@strawberry.input(description="A question in one piece, for `figure` and for exports.")
class QuestionInput:
    """See shared.contracts.questions.Question."""

    measure: Measure
    at: date | None = UNSET
    from_: date | None = strawberry.field(name="from", default=UNSET)
    to: date | None = UNSET
    interval: Interval | None = UNSET
    by: list[Dimension] = strawberry.field(default_factory=list)
    where: list[Where] = strawberry.field(default_factory=list)
    as_known_at: AsKnownAt | None = UNSET
    universe: Universe = Universe.INTRAMURAL
    top: TopMembers | None = UNSET


def known_at(said: AsKnownAt | None) -> KnownAt | None:
    """What was known, as the contract says it. Raises QuestionError."""
    if not said:
        return None
    try:
        return KnownAt(time=said.time or None, position=said.position or None)
    except ValidationError as error:
        raise QuestionError(f"asKnownAt.{explained(error)}") from None


def filters(said: list[Where]) -> tuple[Filter, ...]:
    """Filters as the contract says them. Raises QuestionError."""
    try:
        return tuple(Filter(dimension=each.dimension, codes=tuple(each.codes)) for each in said)
    except ValidationError as error:
        raise QuestionError(f"where.{explained(error)}") from None


def top(said: TopMembers | None) -> Top | None:
    """The cut as the contract says it. Raises QuestionError."""
    try:
        return Top(dimension=said.dimension, n=said.n) if said else None
    except ValidationError as error:
        raise QuestionError(f"top.{explained(error)}") from None
