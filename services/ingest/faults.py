"""What is said about a message that is not accepted: the field, a code, what was expected. Never what was sent."""

from __future__ import annotations

from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from services.ingest.reading import UNKNOWN_CODE
from shared.contracts.births import YOUNGEST
from shared.contracts.facts import AMENDABLE, DATA_OF_REFERENCE, INBOUND
from shared.contracts.terms import EstablishmentOrInpe, Identifier, Person
from shared.reference.catalogue import Catalogues


class Fault(NamedTuple):
    """`field` is a path such as `data.cases.0.case`, empty for the whole message."""

    field: str
    code: str
    expected: str


MAX_FACT_BYTES = 256 * 1024

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


def unknown_code(error: ValidationError, catalogues: Catalogues) -> Fault:
    """The first code that its catalogue does not have, with the nearest that it has."""
    detail = next(detail for detail in error.errors(include_url=False) if detail["type"] == UNKNOWN_CODE)
    catalogue = catalogues[detail["ctx"]["catalogue"]]
    near = catalogue.nearest(detail["input"])
    hint = f"nearest known: {', '.join(near)}" if near else "nothing in it is near"
    expected = f"a code of catalogue [{catalogue.name}] version [{catalogues.version}]; {hint}"
    return Fault(_joined(_fields(detail)), UNKNOWN_CODE, expected)


def first(error: ValidationError) -> Fault:
    """The first thing that pydantic found wrong, without what it was given."""
    detail = error.errors(include_url=False, include_input=False)[0]
    code = detail["type"]
    path = _fields(detail)
    if code == "extra_forbidden":  # the name of an unknown field is something that was sent
        return Fault(_joined(path[:-1]), code, "no field that the contract does not have")
    if code == "union_tag_invalid":
        return Fault(_joined(path) or "type", code, f"type: one of {', '.join(AMENDABLE if path else INBOUND)}")
    if code == "union_tag_not_found":
        return Fault(_joined([*path, "type"]), code, "the type of the fact")
    if code == "json_invalid":
        return UNREADABLE
    if code == "missing":
        return Fault(_joined(path), code, "this field")
    return Fault(_joined(path), code, detail["msg"].removeprefix("Value error, ").removeprefix("Input "))


def _fields(detail: ErrorDetails) -> list[str | int]:
    return [part for part in detail["loc"] if part not in INBOUND]  # the tags of unions are no fields


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
        fault = first(error)
        return Fault(f"{at}.{fault.field}".rstrip("."), fault.code, fault.expected)
    return None
