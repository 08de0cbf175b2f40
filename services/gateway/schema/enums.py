"""The enumerations of the schema: those of the domain, described by their own declarations."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeVar

import strawberry

from shared.domain.dimensions import DIMENSIONS, Dimension
from shared.domain.measures import MEASURES, Interval, Measure, Universe

EnumT = TypeVar("EnumT", bound=Enum)


def _described(enum: type[EnumT], description: str, of_value: Callable[[EnumT], str | None]) -> None:
    definition = strawberry.enum(enum, description=description).__strawberry_definition__  # type: ignore[attr-defined] # set by the decorator
    for value in definition.values:
        value.description = of_value(enum(value.value))


def _of_dimension(name: Dimension) -> str:
    spec = DIMENSIONS[name]
    return f"{spec.label.en} / {spec.label.es}. {spec.description}"


def _of_measure(name: Measure) -> str:
    spec = MEASURES[name]
    return f"{spec.label.en} / {spec.label.es}. {spec.definition}"


_described(
    Dimension, "By what a figure can be broken down and filtered. `dimensions` lists the members.", _of_dimension
)
_described(Measure, "What can be counted.", _of_measure)
_described(Interval, "How a period is cut: by the calendar, half-open.", lambda _: None)
_described(Universe, "Who is asked about: prisons, supervision in liberty (medio libre), or both.", lambda _: None)
