"""Why a row is not taken, in Spanish: the field, a code, what was expected. Never what was written."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from pydantic import ValidationError

from clients.producer.columns import Column, column_of
from clients.producer.words import KINDS
from shared.contracts.births import YOUNGEST
from shared.contracts.facts import INBOUND


class Fault(NamedTuple):
    """`field` is a path such as `data.cases.0.case`, empty for the whole row; `code` is one of ingest's."""

    field: str
    code: str
    expected: str


_EXPECTED = {
    "missing": "falta este dato",
    "extra_forbidden": "contiene un dato que el contrato no tiene",
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
    "literal_error": "debe ser {expected}",
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


def first(error: ValidationError, kind: str) -> Fault:
    """The first thing that the contract found wrong with a fact of this kind; empty if the kind is not known."""
    detail = error.errors(include_url=False, include_input=False)[0]
    code = detail["type"]
    path = [str(part) for part in detail["loc"] if part not in INBOUND]
    if code.startswith("union_tag") and not path:
        path = ["type"]
    if code == "extra_forbidden":  # the name of an unknown field is something that was written
        path = path[:-1]
    field = ".".join(path)
    column = _column(kind, field)
    explanation = f". {column.explanation}" if column else ""
    context = {"explanation": explanation, **detail.get("ctx", {})}
    return Fault(field, code, _EXPECTED.get(code, "no es un valor válido").format(**context))


def born_late(field: str) -> Fault:
    """A birth that is too late for the fact that tells it."""
    return Fault(field, "born_late", _EXPECTED["born_late"])


def unknown_code(kind: str, data: Any, at: str) -> Fault | None:
    """The first code that its catalogue does not have, with those that look like it; what an amendment puts in too."""
    if kind == "amendment":
        replacement = data["replacement"]
        return unknown_code(replacement["type"].split(".")[1], replacement["data"], f"{at}.replacement.data")
    for path, value in _leaves(data, "data"):
        column = _column(kind, path)
        if column and column.codes and value not in column.codes:
            near = ", ".join(difflib.get_close_matches(value, column.codes, n=3, cutoff=0.5))
            hint = f"; parecidos: {near}" if near else ""
            return Fault(path.replace("data", at, 1), "unknown_code", _EXPECTED["unknown_code"] + hint)
    return None


def in_spanish(code: str, told: str) -> str:
    """What ingest found wrong, for people who may not read English; `told` is its own sentence and stays beside."""
    known = _EXPECTED.get(code, "")
    return f"{known} ({told})" if known and "{" not in known else told


def _column(kind: str, path: str) -> Column | None:
    return column_of(kind, path) if kind in KINDS else None


def _leaves(node: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict | list):
        for name, child in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(child, f"{path}.{name}")
    elif node is not None:
        yield path, node
