"""The members of each dimension with their labels, from the catalogues or from the dimension's own list."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from shared.domain.dimensions import DIMENSIONS, MISSING, REST, Dimension, Label
from shared.reference.catalogue import Catalogue, load

_MOTIVES = ("admission_motive", "exit_motive", "transfer_motive")
_MISSING = Label("Sin dato", "Unknown")
_NO_SENTENCE = Label("Sin sentencia", "Not sentenced")
_REST = Label("Otros", "Others")
_DIGITS = {"department": 2, "province": 4, "district": 6}
ATTEMPTED = "-t"
"""What the code of an attempted offence ends in: INPE prints attempts as lines of their own."""


@cache
def members(dimension: Dimension) -> Mapping[str, Label]:
    """Every code of a dimension in the order in which people read them; empty if it has no closed list."""
    spec = DIMENSIONS[dimension]
    if spec.members or not spec.catalogue:
        return spec.members
    if dimension is Dimension.MOTIVE:
        return MappingProxyType({code: label for name in _MOTIVES for code, label in _labels(load()[name]).items()})
    labels = _labels(load()[spec.catalogue])
    if dimension is Dimension.OFFENCE:
        labels |= {code + ATTEMPTED: _attempted(label) for code, label in labels.items()}
    if dimension is Dimension.PRINTED_STATUS:
        labels = {code: label for code, label in labels.items() if not load()[spec.catalogue][code].parent}
    if spec.catalogue == "place":
        digits = _DIGITS[dimension.removeprefix("residence_")]
        labels = {code: label for code, label in labels.items() if len(code) == digits}
    return MappingProxyType(labels)


def label(dimension: Dimension, code: str) -> Label:
    """What people read for a member; a code that no list holds is its own label."""
    if code == MISSING:
        return _NO_SENTENCE if dimension is Dimension.SENTENCE_BAND else _MISSING
    if code == REST:
        return _REST
    return members(dimension).get(code) or Label(code, code)


def unknown_members(dimension: Dimension, codes: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    """The codes that a dimension does not have, each with up to three that look most like it."""
    known = members(dimension)
    missing = [code for code in codes if known and code not in known and code != MISSING]
    return {code: tuple(difflib.get_close_matches(code, known, n=3, cutoff=0.4)) for code in missing}


def _labels(catalogue: Catalogue) -> dict[str, Label]:
    return {code: Label(entry.label_es, entry.label_en) for code, entry in catalogue.items()}


def _attempted(of: Label) -> Label:
    return Label(f"{of.es}, tentativa", f"{of.en}, attempted")
