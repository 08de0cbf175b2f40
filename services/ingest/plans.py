"""What has to be done with the data of each fact type, read once from the marks in the contract.

A plan is walked over every fact that was read: identifiers become tokens, offences get their rank.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from services.ingest.reading import Node
from services.ingest.tokens import Tokeniser
from shared.contracts.terms import OffenceCharge, Person, Tokenised


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do with an object of one model, field by field, and with the objects inside it."""

    tokens: tuple[tuple[str, str], ...]
    persons: tuple[str, ...]
    inside: tuple[tuple[str, Plan], ...]
    lists: tuple[tuple[str, Plan], ...]
    # A union told apart by `type`: the field, and the plan of each case.
    unions: tuple[tuple[str, Mapping[str, Plan]], ...]
    ranks: Ranks | None

    def settle(self, node: Node, tokeniser: Tokeniser) -> None:
        """Replace identifiers by tokens and stamp ranks, in place."""
        for name, kind in self.tokens:
            if name in node:
                node[name] = tokeniser.token(kind, node[name])
        for name in self.persons:
            node[name] = tokeniser.person(**node[name])
        if self.ranks and node["code"] in self.ranks:
            node["rank"] = self.ranks[node["code"]]
        for name, plan in self.inside:
            if name in node:
                plan.settle(node[name], tokeniser)
        for name, plan in self.lists:
            for child in node.get(name, ()):
                plan.settle(child, tokeniser)
        for name, cases in self.unions:
            cases[node[name]["type"]].settle(node[name], tokeniser)


Ranks = Mapping[str, int | None]
_IDLE = Plan((), (), (), (), (), None)


def plan_of(model: type[BaseModel], ranks: Ranks) -> Plan:
    """The plan of a model, without its field `person`: whoever a fact is about becomes its subject."""
    fields = {name: tuple(_parts(field)) for name, field in model.model_fields.items() if name != "person"}
    models = {name: [part for part in parts if _is_model(part)] for name, parts in fields.items()}
    plans = {name: plan_of(found[0], ranks) for name, found in models.items() if len(found) == 1}
    listed = {name for name, parts in fields.items() if list in parts}
    return Plan(
        tokens=tuple(
            (name, part.kind) for name, parts in fields.items() for part in parts if isinstance(part, Tokenised)
        ),
        persons=tuple(name for name, found in models.items() if found == [Person]),
        inside=tuple((name, plan) for name, plan in plans.items() if name not in listed and plan != _IDLE),
        lists=tuple((name, plan) for name, plan in plans.items() if name in listed and plan != _IDLE),
        unions=tuple((name, _cases(found, ranks)) for name, found in models.items() if len(found) > 1),
        ranks=ranks if issubclass(model, OffenceCharge) else None,
    )


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
