"""What a counting rule is made of, and the words in which its example is told.

A told line is `day, hour, kind, data`; hours are Lima's. A counted line reads
`day book cause place stock flow attributes`, where attributes are those that the rule is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.facts import DAY_MS, LIMA_OFFSET_MS, Fact
from shared.reference.catalogue import load

JANUARY_1 = 20_454  # 2026-01-01 as days since 1970
SOURCE = "ep-001"

Told = tuple[int, int, str, dict[str, Any]]


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the promise, an example as told, and what is counted."""

    name: str
    promise: str
    told: tuple[Told, ...]
    counted: tuple[str, ...]
    shows: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()

    def facts(self) -> list[Fact]:
        """The example as facts of one subject, numbered in the order told."""
        return [
            Fact(SOURCE, f"f{n}", kind, at_ms(day, hour), data)
            for n, (day, hour, kind, data) in enumerate(self.told, 1)
        ]


@dataclass(frozen=True)
class Chapter:
    """Rules about one thing, and what is common to them."""

    name: str
    text: str
    rules: tuple[Rule, ...]


def at_ms(day: int, hour: int) -> int:
    """This hour in Lima of a day in January 2026."""
    return (JANUARY_1 + day - 1) * DAY_MS - LIMA_OFFSET_MS + hour * 3_600_000


def charged(code: str, **marks: bool) -> dict[str, Any]:
    """An offence with the gravity that ingest stamps."""
    return {"code": code, "rank": load()["offence"][code].rank, **marks}


def entry(place: str, *, sex: str = "male", **more: Any) -> dict[str, Any]:
    """What an admission says, unless it says something else."""
    case = {"case": "c1", "offences": [charged("cp-189-robo-agravado")]}
    return {"establishment": place, "motive": "nuevo-ingreso", "profile": {"sex": sex}, "cases": [case], **more}


def opening(place: str, **more: Any) -> dict[str, Any]:
    """What the opening of a roll says about somebody."""
    return {key: value for key, value in entry(place, **more).items() if key != "motive"}


def at(place: str, **more: Any) -> dict[str, Any]:
    """Something said by an establishment."""
    return {"establishment": place, **more}


ADMITTED = (5, 10, "admission", entry("ep-001"))
RELEASED = (20, 9, "release", at("ep-001", liberty_type="pena-cumplida"))
SUPERVISED = {
    "supervision": "s1",
    "unit": "ml-lima",
    "service": "semilibertad",
    "wrong": "delito",
    "state": "activa-nueva",
}
COUNTED_IN = "5 custody admission ep-001 +1 flow +1"
COUNTED_OUT = "20 custody release ep-001 -1 flow +1"


def target(number: int) -> dict[str, Any]:
    """The fact of this number as what a correction is about."""
    return {"target": {"source": SOURCE, "id": f"f{number}"}}
