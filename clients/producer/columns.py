"""The columns of a table of facts, made from the contract: one for each thing that a fact of this kind may say."""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clients.producer.words import CLOSED, COLUMNS, GROUPS, KINDS
from shared.contracts.facts import INBOUND
from shared.reference import catalogue

REPEATED = 2
"""Cases, offences of a case, and lines of a headcount that a template has columns for; a table may have more."""

_NOT_ASKED = {"specversion", "source", "type", "datacontenttype", "establishment", "rank"}
"""What the kit or ingest fills in."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `path` is that of ingest's answers (`data.profile.sex`); `codes` say what may stand here, if closed.

    `form` is `text`, `integer`, `boolean`, `date` or `date-time`; `least` and `most` bound an integer, else 0.
    """

    path: str
    form: str
    required: bool
    codes: Mapping[str, str]
    least: int = 0
    most: int = 0

    def code_of(self, written: str) -> str | None:
        """The code that a person means: as it is, behind its label in brackets, or its label in whatever letters.

        A label is known in its feminine too. Where two codes could be meant, none is.
        """
        bracketed = re.search(r"\[([^\[\]]+)\]$", written)
        if bracketed or written in self.codes:
            return bracketed[1] if bracketed else written
        meant = {code for code, label in self.codes.items() if _plain(written) in (_plain(code), _plain(label))}
        return meant.pop() if len(meant) == 1 else None

    @property
    def label(self) -> str:
        """Its name in Spanish, one of its own within a kind."""
        groups = [
            f"{GROUPS[parent]} {int(child) + 1}" if child.isdigit() else GROUPS[parent]
            for parent, child in itertools.pairwise(self.path.split("."))
            if parent in GROUPS
        ]
        return " · ".join([*groups, self._words[0]])

    @property
    def explanation(self) -> str:
        """What to write in it, in Spanish."""
        return self._words[1]

    @property
    def _words(self) -> tuple[str, str]:
        *_, parent, name = f".{self.path}".split(".")
        return COLUMNS.get(f"{parent}.{name}") or COLUMNS[name]


@functools.lru_cache(maxsize=8_192)
def _plain(words: str) -> str:
    """Without accents, capitals, and the ending that tells a man from a woman."""
    letters = unicodedata.normalize("NFKD", words.casefold())
    return re.sub(r"[ao]$", "", " ".join("".join(one for one in letters if not unicodedata.combining(one)).split()))


def kind_named(name: str) -> str | None:
    """The kind of this code or Spanish name, in whatever letters; None if no table can say it."""
    wanted = name.strip().casefold()
    return next((kind for kind, spanish in KINDS.items() if wanted in (kind, spanish)), None)


def type_of(kind: str) -> str:
    """The CloudEvents type of a kind."""
    return f"siep.{kind}.v1"


@functools.cache
def columns(kind: str) -> Mapping[str, Column]:
    """The columns of a kind by path, in the order in which people fill them in; the id is the last."""
    schema = INBOUND[type_of(kind)].model_json_schema()
    found = {column.path: column for column in _leaves(schema, schema["$defs"], "", required=True)}
    found["id"] = Column("id", "text", required=False, codes={})
    return dict(sorted(found.items(), key=lambda item: _rank(item[0])))


def column_of(kind: str, heading: str) -> Column | None:
    """The column that a heading means: its label, or its path with any number in it (`data.cases.4.case`)."""
    heading = heading.strip()
    known = columns(kind)
    by_label = {column.label: column for column in known.values()}
    found = by_label.get(heading) or known.get(heading)
    if found:
        return found
    first = known.get(re.sub(r"\.\d\d?(?=\.)", ".0", heading))
    return Column(heading, first.form, False, first.codes, first.least, first.most) if first else None


def _rank(path: str) -> int:
    if path == "id":
        return 3
    return {"time": 0, "data.person.document": 1, "data.person.number": 1}.get(path, 2)


def _leaves(node: Mapping[str, Any], defs: Mapping[str, Any], path: str, *, required: bool) -> Iterator[Column]:
    node = _resolved(node, defs)
    if "properties" in node:
        wanted = node.get("required", ())
        for name, child in node["properties"].items():
            if not _filled_in(path, name):
                yield from _leaves(child, defs, f"{path}.{name}".lstrip("."), required=required and name in wanted)
    elif "items" in node:
        for number in range(min(REPEATED, node["maxItems"])):
            needed = required and number < node.get("minItems", 0)
            yield from _leaves(node["items"], defs, f"{path}.{number}", required=needed)
    else:
        form = node.get("format", node["type"]).replace("string", "text")
        yield Column(path, form, required, _codes(node), node.get("minimum", 0), node.get("maximum", 0))


def _resolved(node: Mapping[str, Any], defs: Mapping[str, Any]) -> Mapping[str, Any]:
    if "anyOf" in node:
        node = next(each for each in node["anyOf"] if each != {"type": "null"})
    return defs[node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def _filled_in(path: str, name: str) -> bool:
    return name in _NOT_ASKED or f"{path}.{name}" == "data.target.source"


def _codes(node: Mapping[str, Any]) -> Mapping[str, str]:
    """What may stand here with its Spanish label; empty if anything may."""
    if "x-catalogue" in node:
        known = catalogue.load()[node["x-catalogue"]]
        return {code: entry.label_es for code, entry in known.items() if re.search(node["pattern"], code)}
    return {code: CLOSED[code] for code in node.get("enum", ())}
