"""One field for each measure, all answering with tables.

What was not said is UNSET: a default of null would be read anew, argument by argument, with each question.
"""

from __future__ import annotations

from typing import Annotated, Any

import strawberry
from strawberry import UNSET
from strawberry.tools import create_type

from services.gateway.schema import inputs
from services.gateway.schema.context import Information, told
from services.gateway.schema.inputs import AS_KNOWN_AT, AT, BY, FROM, INTERVAL, TO, TOP, WHERE, QuestionInput
from services.gateway.schema.types import Table, table
from shared.contracts.questions import Question
from shared.domain.measures import MEASURES, Measure, MeasureSpec, Universe

UNIVERSE = Annotated[Universe, strawberry.argument(description="Whom to count.")]


def question_of(info: Information, said: QuestionInput) -> Question:
    """The question that was said. Raises QuestionError."""
    return info.context.asking.question(
        measure=said.measure,
        dimensions=tuple(said.by),
        filters=inputs.filters(said.where),
        at=said.at or None,
        from_day=said.from_ or None,
        to_day=said.to or None,
        interval=said.interval or None,
        as_known_at=inputs.known_at(said.as_known_at),
        universe=said.universe,
        top=inputs.top(said.top),
    )


async def _answer(info: Information, said: QuestionInput) -> Table:
    with told():
        return table(await info.context.asking.answer(question_of(info, said)))


async def _figure(info: Information, question: QuestionInput) -> Table:
    return await _answer(info, question)


def _population() -> Any:
    async def population(
        info: Information,
        at: AT = UNSET,
        from_: FROM = UNSET,
        to: TO = UNSET,
        interval: INTERVAL = UNSET,
        by: BY = [],  # noqa: B006 - a default of the schema; nothing changes it
        where: WHERE = [],  # noqa: B006
        as_known_at: AS_KNOWN_AT = UNSET,
        universe: UNIVERSE = Universe.INTRAMURAL,
        top: TOP = UNSET,
    ) -> Table:
        said = QuestionInput(
            measure=Measure.POPULATION, at=at, from_=from_, to=to, interval=interval, by=by, where=where,
            as_known_at=as_known_at, universe=universe, top=top,
        )  # fmt: skip
        return await _answer(info, said)

    return population


def _of_stock(measure: Measure) -> Any:
    async def stock(
        info: Information,
        at: AT = UNSET,
        from_: FROM = UNSET,
        to: TO = UNSET,
        interval: INTERVAL = UNSET,
        by: BY = [],  # noqa: B006
        where: WHERE = [],  # noqa: B006
        as_known_at: AS_KNOWN_AT = UNSET,
        top: TOP = UNSET,
    ) -> Table:
        said = QuestionInput(
            measure=measure, at=at, from_=from_, to=to, interval=interval, by=by, where=where,
            as_known_at=as_known_at, top=top,
        )  # fmt: skip
        return await _answer(info, said)

    return stock


def _of_flow(measure: Measure) -> Any:
    async def flow(
        info: Information,
        from_: FROM = UNSET,
        to: TO = UNSET,
        interval: INTERVAL = UNSET,
        by: BY = [],  # noqa: B006
        where: WHERE = [],  # noqa: B006
        as_known_at: AS_KNOWN_AT = UNSET,
        top: TOP = UNSET,
    ) -> Table:
        said = QuestionInput(
            measure=measure, from_=from_, to=to, interval=interval, by=by, where=where, as_known_at=as_known_at, top=top
        )
        return await _answer(info, said)

    return flow


def _resolver(measure: Measure, spec: MeasureSpec) -> Any:
    if measure is Measure.POPULATION:
        return _population()
    return _of_stock(measure) if spec.kind in {"stock", "crowding"} else _of_flow(measure)


def _field(measure: Measure, spec: MeasureSpec) -> Any:
    resolver = _resolver(measure, spec)
    resolver.__name__ = measure.value  # the field is named after it
    return strawberry.field(resolver, description=f"{spec.label.en} / {spec.label.es}. {spec.definition}")


_figure.__name__ = "figure"
FiguresQuery = create_type(
    "FiguresQuery",
    [
        *(_field(measure, spec) for measure, spec in MEASURES.items()),
        strawberry.field(_figure, description="Any measure, asked in one piece."),
    ],
)
