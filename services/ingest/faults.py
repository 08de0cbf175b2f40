"""What is said about a message that is not accepted: the field, a code, what was expected. Never what was sent."""

from __future__ import annotations

import difflib
import functools
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import models_json_schema
from pydantic_core import ErrorDetails

from services.ingest.reading import UNKNOWN_CODE
from shared.contracts.births import YOUNGEST
from shared.contracts.facts import AMENDABLE, DATA_OF_REFERENCE, INBOUND
from shared.contracts.terms import IN_WORDS, EstablishmentOrInpe, Identifier, Person, may_be_told
from shared.reference.catalogue import TOLD_WHOLE, Catalogue, Catalogues


class Fault(NamedTuple):
    """`field` is a path such as `data.cases.0.case`, empty for the whole message."""

    field: str
    code: str
    expected: str


MAX_FACT_BYTES = 256 * 1024
MOST_TOLD = 5
"""Faults of one fact that are told."""
MAX_CODE = 64
"""Letters of a code; comparing more with all that are known would take long."""

TOO_LARGE = Fault("", "too_large", f"at most {MAX_FACT_BYTES} bytes for one fact")
UNREADABLE = Fault("", "json_invalid", "one JSON object in UTF-8")
AHEAD = Fault("time", "in_the_future", "a time at most 5 minutes ahead of the clock of ingest")
NAMES_A_PERSON = Fault("id", "names_a_person", "an id without the number of the person's document: it is kept for ever")
BORN_LATE = Fault(
    "birth_date",
    "born_late",
    f"a birth before the time of the fact, by {YOUNGEST} years or more of who is held: look at the year of both",
)
WRONG_SPEAKER = Fault("source", "not_yours", "inpe for reference data, an establishment for everything else")

_IDENTIFIER: TypeAdapter[str] = TypeAdapter(Identifier)
_SOURCE: TypeAdapter[str] = TypeAdapter(EstablishmentOrInpe)
_PERSON: TypeAdapter[Person] = TypeAdapter(Person)


def not_yours(field: str, expected: str) -> Fault:
    """Somebody speaks for another."""
    return Fault(field, "not_yours", expected)


def together(faults: Iterable[Fault]) -> Fault:
    """The first of these faults; its sentence tells the next ones too."""
    first, *others = itertools.islice(faults, MOST_TOLD)
    told = "".join(f"; and in {fault.field or 'the message'}: {fault.expected}" for fault in others)
    return first._replace(expected=first.expected + told)


def unknown_codes(error: ValidationError, catalogues: Catalogues) -> Iterator[Fault]:
    """Every code that its catalogue does not have, with those that it has, or the nearest if they are many."""
    for detail in error.errors(include_url=False):
        if detail["type"] == UNKNOWN_CODE and isinstance(detail["input"], str):
            catalogue = catalogues[detail["ctx"]["catalogue"]]
            expected = (
                f"a code of catalogue [{catalogue.name}] version [{catalogues.version}]; {_hint(catalogue, detail)}"
            )
            yield Fault(_joined(_fields(detail["loc"])), UNKNOWN_CODE, expected)


def _hint(catalogue: Catalogue, detail: ErrorDetails) -> str:
    if len(catalogue) <= TOLD_WHOLE:
        return f"there are: {', '.join(catalogue)}"
    near = catalogue.nearest(detail["input"][:MAX_CODE])
    hint = f"nearest known: {', '.join(near)}" if near else "nothing in it is near"
    return f'{hint}; GraphQL `catalogue(name: "{catalogue.name}")` lists all {len(catalogue)}'


def of_form(error: ValidationError) -> Iterator[Fault]:
    """Everything that pydantic found wrong, without what it was given."""
    return map(_of_form, error.errors(include_url=False, include_input=False))


def _of_form(detail: ErrorDetails) -> Fault:
    code = detail["type"]
    path = _fields(detail["loc"])
    if code == "extra_forbidden":  # the name of an unknown field is something that was sent
        name = str(detail["loc"][-1])
        if not may_be_told(name):
            return Fault(_joined(_fields(detail["loc"][:-1])), code, "no field that the contract does not have")
        near = difflib.get_close_matches(name, _field_names(), n=3)
        hint = f"nearest: {', '.join(near)}" if near else "leave it out"
        return Fault(_joined(path), code, f"no field of this name here; {hint}")
    if code == "string_pattern_mismatch":
        return Fault(_joined(path), code, IN_WORDS[detail["ctx"]["pattern"]])
    if code == "union_tag_invalid":
        return Fault(_joined(path) or "type", code, f"type: one of {', '.join(AMENDABLE if path else INBOUND)}")
    if code == "union_tag_not_found":
        return Fault(_joined([*path, "type"]), code, "the type of the fact")
    if code == "json_invalid":
        return UNREADABLE
    if code == "missing":
        return Fault(_joined(path), code, "this field")
    return Fault(_joined(path), code, detail["msg"].removeprefix("Value error, ").removeprefix("Input "))


@functools.cache
def _field_names() -> list[str]:
    """Every name of a field in the contract."""
    _, shared = models_json_schema([(model, "validation") for model in INBOUND.values()])
    return sorted({name for schema in shared["$defs"].values() for name in schema["properties"]})


def _fields(loc: tuple[str | int, ...]) -> list[str | int]:
    return [part for part in loc if part not in INBOUND]  # the tags of unions are no fields


def _joined(path: list[Any]) -> str:
    return ".".join(map(str, path))


def unusable(fact: Any) -> Fault | None:
    """Why a message cannot be recorded at all, or None: it is no fact, or lacks a usable source, id or person."""
    if not isinstance(fact, dict):
        return UNREADABLE
    for name, adapter in (("source", _SOURCE), ("id", _IDENTIFIER)):
        fault = _checked(adapter, fact, name, name)
        if fault:
            return fault
    data = fact.get("data")
    if not isinstance(data, dict):
        return Fault("data", "missing", "an object that says what happened")
    if fact.get("type") in list(DATA_OF_REFERENCE):
        return _checked(_SOURCE, {"establishment": "inpe"} | data, "establishment", "data.establishment")
    return _checked(_PERSON, data, "person", "data.person")


def _checked(adapter: TypeAdapter[Any], node: dict[str, Any], name: str, at: str) -> Fault | None:
    if name not in node:
        return Fault(at, "missing", "this field")
    try:
        adapter.validate_python(node[name], strict=True)
    except ValidationError as error:
        return together(fault._replace(field=f"{at}.{fault.field}".rstrip(".")) for fault in of_form(error))
    return None
