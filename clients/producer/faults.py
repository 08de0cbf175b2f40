"""Why a row is not taken, in Spanish: the field, a code, what was expected. Never what was written."""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from clients.producer.columns import Column, column_of
from clients.producer.words import KINDS
from shared.contracts.births import YOUNGEST
from shared.contracts.facts import INBOUND
from shared.contracts.terms import may_be_told
from shared.reference.catalogue import TOLD_WHOLE


class Fault(NamedTuple):
    """`field` is a path such as `data.cases.0.case`, empty for the whole row; `code` is one of ingest's."""

    field: str
    code: str
    expected: str


_EXPECTED = {
    "missing": "falta este dato",
    "extra_forbidden": "el contrato no tiene este dato aquí: quítelo o corrija su nombre",
    "json_invalid": "debe ser un objeto JSON por línea, en UTF-8",
    "union_tag_invalid": "no es un tipo de hecho que se conozca",
    "union_tag_not_found": "falta el tipo de hecho",
    "string_pattern_mismatch": "no tiene la forma de este dato{explanation}",
    "string_too_short": "debe tener al menos {min_length} caracteres",
    "string_too_long": "debe tener como máximo {max_length} caracteres",
    "too_short": "debe tener al menos {min_length} elementos",
    "too_long": "debe tener como máximo {max_length} elementos",
    "greater_than_equal": "debe ser {ge} o más",
    "less_than_equal": "debe ser {le} o menos",
    "literal_error": "no es lo que debe estar aquí",
    "string_type": "debe ser un texto: en Excel, dé a la columna el formato de texto y escriba también los ceros",
    "int_type": "debe ser un número entero",
    "bool_type": "debe ser sí o no",
    "dni_digits": "un DNI tiene 8 dígitos, con los ceros a la izquierda: si Excel los quitó, escríbalos otra vez",
    "value_error": "dé los meses o la cadena perpetua, uno de los dos",
    "unknown_code": "no está en el catálogo de este programa",
    "not_yours": "solo puede hablar de su propio establecimiento",
    "in_the_future": "la fecha es posterior a la hora actual",
    "born_late": f"nadie nace después del hecho ni es recluido antes de los {YOUNGEST} años: revise el año y la fecha",
    "names_a_person": "contiene el número del documento",
    "too_large": "es demasiado larga",
}
_ELSE = "no es un valor válido"
_SAY_ALL = {"born_late", "dni_digits", "in_the_future", "json_invalid", "names_a_person", "not_yours", "too_large"}
"""Codes after which ingest's own sentence adds nothing."""
_MOST_TOLD = 5


def of_form(error: ValidationError, kind: str) -> Iterator[Fault]:
    """Everything that the contract found wrong with a fact of this kind; empty if the kind is not known."""
    return (_of_form(detail, kind) for detail in error.errors(include_url=False))


def _of_form(detail: ErrorDetails, kind: str) -> Fault:
    code = detail["type"]
    path = [str(part) for part in detail["loc"] if part not in INBOUND]
    if code.startswith("union_tag") and not path:
        path = ["type"]
    if code == "extra_forbidden" and not may_be_told(path[-1]):  # the name is something that was written
        path = path[:-1]
    field = ".".join(path)
    column = _column(kind, field)
    if column and column.codes and isinstance(detail["input"], str):
        return Fault(field, code, _choices(column, detail["input"]))
    explanation = f". {column.explanation.rstrip('.')}" if column else ""
    return Fault(field, code, _EXPECTED.get(code, _ELSE).format(explanation=explanation, **detail.get("ctx", {})))


def together(kind: str, first: Fault, others: Iterable[Fault]) -> Fault:
    """The first of some faults; its sentence tells the next ones too."""
    also = "".join(f"; y en {told(kind, fault)}" for fault in itertools.islice(others, _MOST_TOLD - 1))
    return first._replace(expected=first.expected + also)


def born_late(field: str) -> Fault:
    """A birth that is too late for the fact that tells it."""
    return Fault(field, "born_late", _EXPECTED["born_late"])


def unknown_codes(kind: str, data: Any, at: str) -> Iterator[Fault]:
    """Every code that its catalogue does not have, with those that it has; what an amendment puts in too."""
    if kind == "amendment":
        replacement = data["replacement"]
        yield from unknown_codes(replacement["type"].split(".")[1], replacement["data"], f"{at}.replacement.data")
        return
    for path, value in _leaves(data, "data"):
        column = _column(kind, path)
        if column and column.codes and value not in column.codes:
            yield Fault(path.replace("data", at, 1), "unknown_code", _choices(column, value))


def _choices(column: Column, written: str) -> str:
    """What may stand in a column, or what of it looks like what was written."""
    if len(column.codes) <= TOLD_WHOLE:
        return f"debe ser uno de: {_named(column, column.codes)}"
    near = difflib.get_close_matches(written[:64].lower(), column.codes, n=3, cutoff=0.5)
    hint = f"; parecidos: {_named(column, near)}" if near else ""
    return f"{_EXPECTED['unknown_code']}{hint}; la hoja «Listas» de la plantilla los tiene todos"


def _named(column: Column, codes: Iterable[str]) -> str:
    return ", ".join(f"{column.codes[code]} [{code}]" for code in codes)


def told(kind: str, fault: Fault) -> str:
    """A fault with its place as people know it."""
    column = _column(kind, fault.field)
    where = column.label if column else fault.field
    return f"{where}: {fault.expected}" if where else fault.expected


def in_spanish(kind: str, fault: Fault) -> str:
    """What ingest found wrong; what only its own English sentence says stays beside."""
    known = _EXPECTED.get(fault.code, _ELSE)
    known = _ELSE if "{" in known else known
    said = known if fault.code in _SAY_ALL else f"{known} (ingest: {fault.expected})"
    return told(kind, fault._replace(expected=said))


def _column(kind: str, path: str) -> Column | None:
    return column_of(kind, path) if kind in KINDS else None


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict | list):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(child, f"{path}.{name}")
    elif node is not None:
        yield path, node
