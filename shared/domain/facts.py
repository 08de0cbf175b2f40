"""Facts as the fold sees them: decoded, tokenised, in no particular order of arrival.

Nothing here knows a clock, a library or a catalogue. `data` is the accepted `data` object of contract v1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

LIMA_OFFSET_MS = -5 * 3_600_000
"""Peru has been at UTC-5 without daylight saving since 1994; facts before 1995 are refused at the door."""
DAY_MS = 86_400_000


NAMING = frozenset({"identity_merge", "merge_notice"})
"""Facts after which a token belongs to the merged persons for ever, whether the merge is in force or not."""


class Fact(NamedTuple):
    """Something that happened. (`source`, `id`) identify it for ever; `at_ms` is milliseconds since 1970 UTC."""

    source: str
    id: str
    kind: str
    at_ms: int
    data: Mapping[str, Any]


# At one instant entries come before what happens inside, and exits last. Within a person facts are ordered by
# (time, this rank, source, id) and never by arrival, so every order of arrival ends in the same figures.
_ORDER = (
    "establishment",
    "capacity",
    "population_reference",
    "roll_opening",
    "admission",
    "case_opened",
    "case_changed",
    "case_closed",
    "profile_change",
    "health",
    "child_entry",
    "absence_end",
    "absence_start",
    "transfer_departure",
    "transfer_arrival",
    "child_exit",
    "supervision_start",
    "supervision_change",
    "supervision_end",
    "release",
    "death",
    "escape",
    "headcount",
    "period_close",
    "identity_merge",
    "amendment",
    "void",
)
RANK = {kind: rank for rank, kind in enumerate(_ORDER)}


def order(fact: Fact) -> tuple[int, int, str, str]:
    """The key by which facts of one subject are told: time, rank of the kind, source, id."""
    return (fact.at_ms, RANK[fact.kind], fact.source, fact.id)


def lima_day(at_ms: int) -> int:
    """The day in Lima that holds this instant, as days since 1970-01-01."""
    return (at_ms + LIMA_OFFSET_MS) // DAY_MS


def in_force(facts: Iterable[Fact]) -> list[Fact]:
    """The facts that hold, in telling order, once amendments and voids are applied.

    A void annuls its target, whatever else was said of it. Of several amendments the last in telling order holds; it
    keeps the identity of what it amends and takes type, time and data from its replacement. Only original facts can
    be targets: amendments and voids cannot be amended or annulled. One whose target is not there (yet) does nothing.
    """
    originals: list[Fact] = []
    voided: set[tuple[str, str]] = set()
    amendments: list[Fact] = []
    for fact in facts:
        if fact.kind == "void":
            voided.add((fact.data["target"]["source"], fact.data["target"]["id"]))
        elif fact.kind == "amendment":
            amendments.append(fact)
        else:
            originals.append(fact)
    if voided or amendments:
        originals = _corrected(originals, voided, amendments)
    originals.sort(key=order)
    return originals


def _corrected(originals: list[Fact], voided: set[tuple[str, str]], amendments: list[Fact]) -> list[Fact]:
    replacement: dict[tuple[str, str], Mapping[str, Any]] = {}
    for amendment in sorted(amendments, key=order):
        target = amendment.data["target"]
        replacement[target["source"], target["id"]] = amendment.data["replacement"]
    standing = (fact for fact in originals if (fact.source, fact.id) not in voided)
    return [_amended(fact, replacement.get((fact.source, fact.id))) for fact in standing]


def _amended(fact: Fact, replacement: Mapping[str, Any] | None) -> Fact:
    if replacement is None:
        return fact
    return Fact(fact.source, fact.id, replacement["kind"], replacement["at_ms"], replacement["data"])
