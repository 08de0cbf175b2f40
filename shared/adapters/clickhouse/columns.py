"""The columns of an answer with their labels, and the names of the codes that occur in it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from shared.contracts.questions import Column, Question
from shared.domain.dimensions import DIMENSIONS, REST, Dimension, Label
from shared.domain.measures import MEASURES
from shared.reference.members import label, members

_DAY = Label("Al cierre de", "At the close of")
_FROM = Label("Desde", "From")


def columns_of(question: Question, rows: list[tuple[Any, ...]]) -> tuple[Column, ...]:
    """The columns of the table that these rows make."""
    spec = MEASURES[question.measure]
    dimensions = (
        Column(name, DIMENSIONS[name].label, "code", members=_named(name, {row[index] for row in rows}))
        for index, name in enumerate(question.dimensions)
    )
    flows = spec.kind in {"flow", "transfer"}
    piece = Column("from", _FROM, "day") if flows else Column("day", _DAY, "day")
    values = (Column(value.key, value.label, value.type, value.unit) for value in spec.values)
    return (*dimensions, *(() if question.at else (piece,)), *values)


def _named(dimension: Dimension, codes: set[str]) -> dict[str, Label]:
    """The codes that occur, in the order in which people read them: known ones, then others, then the rest."""
    order, names = _order(dimension), members(dimension)
    known = sorted(codes & order.keys(), key=order.__getitem__)
    others = sorted(codes - order.keys() - {REST})
    return {code: names.get(code) or label(dimension, code) for code in (*known, *others, *(codes & {REST}))}


@cache
def _order(dimension: Dimension) -> Mapping[str, int]:
    """The place of each known code: there are 1,892 districts, of which an answer has some tens."""
    return {code: place for place, code in enumerate(members(dimension))}
