"""`docs/methodology.md`: what is counted and how, for who uses the figures.

Measures and dimensions are those of `shared/domain`; the rules are the tables that the tests hold the fold to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from string import Template

from deploy.pages.markdown import table
from deploy.pages.rules import chapter
from shared.contracts.facts import AMENDABLE
from shared.contracts.questions import MAX_DIMENSIONS
from shared.domain.dimensions import DIMENSIONS, Dimension, DimensionSpec, Label
from shared.domain.facts import RANK
from shared.domain.measures import MEASURES, PLACES, Kind, Measure, MeasureSpec, ValueColumn
from shared.reference.catalogue import load
from shared.reference.members import members
from tests.spec.indicators import CROWDING, Example
from tests.spec.rules import CHAPTERS

TEXT = Path(__file__).with_name("methodology.template.md")


def methodology() -> str:
    """The page, in Markdown."""
    return Template(TEXT.read_text(encoding="utf-8")).substitute(
        stock=_of_kind("stock", "Book"),
        flow=_of_kind("flow", "Adds", "Takes away"),
        transfer=_of_kind("transfer", "Adds", "Takes away"),
        crowding=_numbers_of(Measure.CROWDING, "Numerator", "Denominator"),
        crowding_examples=_crowding_examples(),
        balance=_numbers_of(Measure.BALANCE),
        max_dimensions=MAX_DIMENSIONS,
        available=table(("Measures", "Can be asked by"), _available()),
        dimensions=table(("Dimension", "Spanish", "In code", "Is", "Members"), map(_dimension, Dimension)),
        order=", ".join(kind.replace("_", " ") for kind in RANK if f"siep.{kind}.v1" in AMENDABLE),
        rules="\n\n".join(map(chapter, CHAPTERS)),
    )


_NUMBER = ("Number", "Spanish", "In code", "Unit")


def _of_kind(kind: Kind, *inclusion: str) -> str:
    """The measures of one kind, a line for each number; the first says what the measure is."""
    specs = {name: spec for name, spec in MEASURES.items() if spec.kind == kind}
    rows = [
        (*_number(name, value), "" if n else spec.definition, *_inclusion(spec, value))
        for name, spec in specs.items()
        for n, value in enumerate(spec.values)
    ]
    return table((*_NUMBER, "Is", *inclusion), rows)


def _numbers_of(name: Measure, *inclusion: str) -> str:
    """A measure of many numbers: what it is, and a line for each."""
    spec = MEASURES[name]
    rows = [(*_number(name, value), *_inclusion(spec, value)) for value in spec.values]
    return f"{spec.definition}\n\n{table((*_NUMBER, *inclusion), rows)}"


def _number(name: Measure, value: ValueColumn) -> tuple[str, ...]:
    code = name.value if value.key == name.value else f"{name.value}.{value.key}"
    return (value.label.en, value.label.es, f"`{code}`", _unit(value))


def _unit(value: ValueColumn) -> str:
    return "yes or no" if value.type == "flag" else value.unit


def _inclusion(spec: MeasureSpec, value: ValueColumn) -> tuple[str, ...]:
    """What a number takes in, as declared."""
    if spec.kind == "stock":
        return (f"`{spec.book}`",)
    if spec.kind in ("flow", "transfer"):
        return (_codes(spec.plus), _codes(spec.minus))
    return (_codes((value.numerator,)), _codes((value.denominator,))) if spec.kind == "crowding" else ()


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names if name)


def _crowding_examples() -> str:
    head = ("Prison", "Population", "Capacity", "Excess", "Occupancy", "Overcrowding", "Critical")
    return table(head, map(_crowding_example, CROWDING), numbers_from=1)


def _crowding_example(example: Example) -> tuple[object, ...]:
    excess, occupancy, overcrowding, critical = example.follows
    said = "" if example.capacity is None else example.capacity
    if excess is None or occupancy is None or overcrowding is None:
        return (example.name, example.population, said, "", "", "", "")
    ratios = f"{occupancy:.2%}", f"{overcrowding:.2%}"
    return (example.name, example.population, said, excess, *ratios, "yes" if critical else "no")


_PERSON = MEASURES[Measure.POPULATION].dimensions - PLACES - {Dimension.AGE_BAND}
"""What is known about everybody; the bands of age differ between prisons and medio libre."""


def _available() -> Iterator[tuple[str, str]]:
    """Measures that know the same dimensions, together."""
    yield "*territory*", _codes(_ordered(PLACES))
    yield "*person*", _codes(_ordered(_PERSON))
    for known in dict.fromkeys(spec.dimensions for spec in MEASURES.values()):
        groups = [name for name, group in (("*territory*", PLACES), ("*person*", _PERSON)) if group <= known]
        others = known.difference(*(group for group in (PLACES, _PERSON) if group <= known))
        measures = (name for name, spec in MEASURES.items() if spec.dimensions == known)
        yield _codes(measures), ", ".join((*groups, *filter(None, [_codes(_ordered(others))])))


def _ordered(dimensions: frozenset[Dimension]) -> list[Dimension]:
    return [dimension for dimension in Dimension if dimension in dimensions]


def _dimension(name: Dimension) -> tuple[str, ...]:
    spec = DIMENSIONS[name]
    return (spec.label.en, spec.label.es, f"`{name.value}`", spec.description, _members(name, spec))


LISTED_MAX = 12
"""More members than this are counted, not listed: their catalogue is a file of its own."""


def _members(name: Dimension, spec: DimensionSpec) -> str:
    known = members(name)
    if not known:
        return "free text"
    if len(known) <= LISTED_MAX:
        return "; ".join(map(_both, known.values()))
    where = f" of catalogue `{spec.catalogue}`" if spec.catalogue in load().by_name else ""
    return f"{len(known):,} codes{where}"


def _both(label: Label) -> str:
    return label.en if label.en == label.es else f"{label.en} (*{label.es}*)"
