"""What is counted about a person at a moment, derived from profile, cases and admissions.

Derivations (DESIGN §3): *sentenciado* if a sentence is in force, *sentenciado-procesado* while another case detains
without one, else *procesado*. Main offence: the flagged one, else the gravest by the rank that ingest stamped, else the
earliest. Sentence: the longest in force, unless a joined one (*refundición*) is declared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

LIFE = 65_535
NO_SENTENCE = 0
UNRANKED = 100_000


class Attributes(NamedTuple):
    """One value for each personal dimension; '' and 0 are *sin dato* (`sentence_months` 0: no sentence)."""

    legal_status: str = ""
    sex: str = ""
    birth_month: int = 0  # months since January of the year 0
    nationality: str = ""
    offence: str = ""
    attempt: int = 0
    schooling: str = ""
    civil_status: str = ""
    occupation: str = ""
    admissions: int = 0
    recidivism: str = ""
    sentence_months: int = NO_SENTENCE  # months + 1, or LIFE
    residence: str = ""
    residence_nucleus: str = ""


NOBODY = Attributes()
"""Of what is about no person, or about one that nothing is known of."""


class Case(NamedTuple):
    """A case that detains: its offences in the order declared and its sentence, if one is in force."""

    offences: tuple[Mapping[str, Any], ...]
    sentence: Mapping[str, Any] | None


def birth_month(day: str | None) -> int:
    """`1990-02-03` as months since January of the year 0: 23881; absent as 0."""
    return int(day[:4]) * 12 + int(day[5:7]) - 1 if day else 0


def attributes(profile: Mapping[str, Any], cases: Iterable[Case], admissions: int) -> Attributes:
    """What is counted about a person with this profile, these cases (in the order opened) and so many admissions."""
    held_by = tuple(cases)
    offence, attempt = _main_offence(held_by)
    get = profile.get
    return Attributes(
        _legal_status(held_by),
        get("sex", ""),
        birth_month(get("birth_date")),
        get("nationality", ""),
        offence,
        attempt,
        get("schooling", ""),
        get("civil_status", ""),
        get("occupation", ""),
        admissions,
        get("recidivism", ""),
        _sentence_months(held_by),
        get("residence", ""),
        get("residence_nucleus", ""),
    )


def _legal_status(cases: tuple[Case, ...]) -> str:
    sentenced = sum(case.sentence is not None for case in cases)
    if not sentenced:
        return "procesado"
    return "sentenciado" if sentenced == len(cases) else "sentenciado-procesado"


def _main_offence(cases: tuple[Case, ...]) -> tuple[str, int]:
    best: Mapping[str, Any] | None = None
    best_key = (True, UNRANKED + 1)
    for case in cases:
        for offence in case.offences:
            key = (not offence.get("main", False), offence.get("rank") or UNRANKED)
            if key < best_key:
                best, best_key = offence, key
    return ("", 0) if best is None else (best["code"], int(best.get("attempt", False)))


def _sentence_months(cases: tuple[Case, ...]) -> int:
    lengths = [(bool(case.sentence.get("joined")), _length(case.sentence)) for case in cases if case.sentence]
    return max(lengths)[1] if lengths else NO_SENTENCE


def _length(sentence: Mapping[str, Any]) -> int:
    return LIFE if sentence.get("life") else int(sentence["months"]) + 1
