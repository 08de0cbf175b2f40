"""What has to be done with the data of each fact type, read once from the marks in the contract.

A plan is walked over every fact that was read: identifiers become tokens, offences get their rank. In five lists of
fields a model, most of them empty, the same took 0.5 us more a fact.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.ingest.reading import Node
from services.ingest.tokens import Tokeniser
from shared.contracts.terms import OffenceCharge, Person, Tokenised

Step = Callable[[Node, Tokeniser], None]
Plan = tuple[Step, ...]
"""What to do with an object of one model, in place, step by step; most models ask for one or none."""
Ranks = Mapping[str, int | None]


def plan_of(model: type[BaseModel], ranks: Ranks) -> Plan:
    """The plan of a model, without its field `person`: whoever a fact is about becomes its subject."""
    fields = {name: tuple(_parts(field)) for name, field in model.model_fields.items() if name != "person"}
    steps = [step for name, parts in fields.items() for step in _steps(name, parts, ranks)]
    return (*steps, _rank(ranks)) if issubclass(model, OffenceCharge) else tuple(steps)


def _steps(name: str, parts: tuple[Any, ...], ranks: Ranks) -> Iterator[Step]:
    yield from (_token(name, part.kind) for part in parts if isinstance(part, Tokenised))
    models = [part for part in parts if _is_model(part)]
    if models == [Person]:
        yield _person(name)
    elif len(models) > 1:
        yield _one_of(name, _cases(models, ranks))
    elif models and (plan := plan_of(models[0], ranks)):
        yield _list(name, plan) if list in parts else _inside(name, plan)


def _token(name: str, kind: str) -> Step:
    def step(node: Node, tokeniser: Tokeniser) -> None:
        if name in node:
            node[name] = tokeniser.token(kind, node[name])

    return step


def _person(name: str) -> Step:
    def step(node: Node, tokeniser: Tokeniser) -> None:
        node[name] = tokeniser.person(**node[name])

    return step


def _rank(ranks: Ranks) -> Step:
    def step(node: Node, _: Tokeniser) -> None:
        if node["code"] in ranks:
            node["rank"] = ranks[node["code"]]

    return step


def _inside(name: str, plan: Plan) -> Step:
    def step(node: Node, tokeniser: Tokeniser) -> None:
        if name in node:
            for inner in plan:
                inner(node[name], tokeniser)

    return step


def _list(name: str, plan: Plan) -> Step:
    def step(node: Node, tokeniser: Tokeniser) -> None:
        for child in node.get(name, ()):
            for inner in plan:
                inner(child, tokeniser)

    return step


def _one_of(name: str, cases: Mapping[str, Plan]) -> Step:
    """A union told apart by `type`."""

    def step(node: Node, tokeniser: Tokeniser) -> None:
        for inner in cases[node[name]["type"]]:
            inner(node[name], tokeniser)

    return step


def _cases(models: list[Any], ranks: Ranks) -> Mapping[str, Plan]:
    return {typing.get_args(model.model_fields["type"].annotation)[0]: plan_of(model, ranks) for model in models}


def _parts(field: FieldInfo) -> Iterator[Any]:
    """Every mark, model and container that makes up the type of a field."""
    yield from field.metadata
    yield from _parts_of(field.annotation)


def _parts_of(annotation: Any) -> Iterator[Any]:
    origin = typing.get_origin(annotation)
    if origin is typing.Annotated:
        yield from annotation.__metadata__
        yield from _parts_of(annotation.__origin__)
    elif origin in (typing.Union, types.UnionType, list):
        yield origin
        for argument in typing.get_args(annotation):
            yield from _parts_of(argument)
    else:
        yield annotation


def _is_model(part: Any) -> bool:
    return isinstance(part, type) and issubclass(part, BaseModel)
