"""The closed lists of codes that facts, figures and labels are made of, as versioned data with their sources.

One CSV per catalogue in `catalogues/`, one row per code; `establishments.csv` holds the 69 prisons. Codes never change
their meaning and are never removed: a code that is no longer used gets a `valid_to`. Where every row comes from is said
on the row, and at length in `SOURCES.md`.
"""

from __future__ import annotations

import csv
import difflib
import functools
import hashlib
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import resources
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Literal

Language = Literal["es", "en"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One code of a catalogue. Days are ISO text; an empty one has no known bound."""

    code: str
    label_es: str
    label_en: str
    # A code of the enclosing level: of the same catalogue, or of the one above it (offence → offence_generic).
    parent: str
    # Gravity of an offence (1 is gravest), or the natural order of a scale; None where codes have no order.
    rank: int | None
    source: str
    valid_from: str
    valid_to: str

    def label(self, language: Language) -> str:
        """The name that people read, in Spanish or English."""
        return self.label_es if language == "es" else self.label_en


@dataclass(frozen=True, slots=True)
class Establishment:
    """A prison of the published list, with its counts and places on `as_of`."""

    code: str
    name: str
    office: str
    ubigeo: str
    houses: Literal["male", "female", "mixed"]
    capacity: int
    processed_male: int
    processed_female: int
    sentenced_male: int
    sentenced_female: int
    as_of: str
    source: str
    note: str

    @property
    def population(self) -> int:
        """Everybody on the roll on `as_of`."""
        return self.processed_male + self.processed_female + self.sentenced_male + self.sentenced_female


@dataclass(frozen=True)
class Catalogue(Mapping[str, Entry]):
    """A closed list of codes, in the order in which people expect to read it."""

    name: str
    entries: Mapping[str, Entry]
    _nearest: dict[str, tuple[str, ...]] = field(default_factory=dict, compare=False, repr=False)

    def __getitem__(self, code: str) -> Entry:
        return self.entries[code]

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __hash__(self) -> int:
        return hash(self.name)

    def nearest(self, code: str) -> tuple[str, ...]:
        """Up to three known codes that look most like an unknown one; for people to choose from, never to map by."""
        if code not in self._nearest:
            if len(self._nearest) >= REMEMBERED_MISSES:
                self._nearest.clear()
            self._nearest[code] = tuple(difflib.get_close_matches(code, self.entries, n=3, cutoff=0.5))
        return self._nearest[code]


TOLD_WHOLE = 12
"""Who says a code that is not there is told all that are, if they are no more than these."""
REMEMBERED_MISSES = 1_000
"""Comparing one code with 2,000 places takes milliseconds, and a site that errs repeats its errors."""


@dataclass(frozen=True, slots=True)
class Catalogues:
    """All catalogues of one version; `version` is the first 12 digits of the SHA-256 of their files."""

    version: str
    by_name: Mapping[str, Catalogue]
    establishments: Mapping[str, Establishment]

    def __getitem__(self, name: str) -> Catalogue:
        return self.by_name[name]


@functools.cache
def load() -> Catalogues:
    """The catalogues that ship with this release, read once per process."""
    root = resources.files(__package__)
    files = sorted(
        (file for file in (root / "catalogues").iterdir() if file.name.endswith(".csv")), key=lambda f: f.name
    )
    establishments_file = root / "establishments.csv"
    establishments = {row["code"]: _establishment(row) for row in _rows(establishments_file)}
    by_name = {file.name.removesuffix(".csv"): _catalogue(file) for file in files}
    by_name["establishment"] = Catalogue(
        "establishment", MappingProxyType({code: _entry_of(site) for code, site in establishments.items()})
    )
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in [*files, establishments_file]))
    return Catalogues(digest.hexdigest()[:12], MappingProxyType(by_name), MappingProxyType(establishments))


def _rows(file: Traversable) -> csv.DictReader[str]:
    return csv.DictReader(io.StringIO(file.read_text(encoding="utf-8")))


def _catalogue(file: Traversable) -> Catalogue:
    entries = {row["code"]: _entry(row) for row in _rows(file)}
    return Catalogue(file.name.removesuffix(".csv"), MappingProxyType(entries))


def _entry(row: dict[str, str]) -> Entry:
    rank = int(row["rank"]) if row["rank"] else None
    return Entry(
        row["code"],
        row["label_es"],
        row["label_en"],
        row["parent"],
        rank,
        row["source"],
        row["valid_from"],
        row["valid_to"],
    )


def _establishment(row: dict[str, str]) -> Establishment:
    counts = {name: int(row[name]) for name in _COUNTS}
    return Establishment(**{**row, **counts})  # type: ignore[arg-type]  # the columns are the fields; a test reads all rows


_COUNTS = ("capacity", "processed_male", "processed_female", "sentenced_male", "sentenced_female")


def _entry_of(site: Establishment) -> Entry:
    return Entry(site.code, site.name, site.name, site.office, None, site.source, "", "")
