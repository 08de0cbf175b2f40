"""Catalogues of a later release."""

from __future__ import annotations

from types import MappingProxyType

from shared.reference.catalogue import Catalogue, Catalogues, Entry, load


def with_code(name: str, code: str, rank: int | None = None) -> Catalogues:
    """The catalogues once one of them has one more code."""
    known = load()
    parent = next(iter(known[name].values())).parent
    entry = Entry(code, code, code, parent, rank, "a test", "", "")
    larger = Catalogue(name, MappingProxyType({**known[name], code: entry}))
    return Catalogues("later", MappingProxyType({**known.by_name, name: larger}), known.establishments)
