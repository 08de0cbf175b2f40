"""Logs of record as they might come: contradictory, doubled, late, amended, voided, with a clock that jumps back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from random import Random
from typing import Any

from shared.domain.facts import DAY_MS, Fact
from shared.ports import Record
from tests.support.histories import ESTABLISHMENTS, FIRST_DAY
from tests.support.logs import APPENDED_MS, message, quarantined, tick, token

NEW_YEAR_MS = int(datetime(2026, 1, 1, 5, tzinfo=UTC).timestamp() * 1000)
"""Midnight in Lima, where a part of the journal ends."""
PAUSES_MS = (0, 1, 1_000, 1_000, 60_000, -1, -90_000)


def _entry(random: Random) -> dict[str, Any]:
    return {
        "establishment": random.choice(ESTABLISHMENTS),
        "motive": "nuevo-ingreso",
        "declared_admissions": random.randint(1, 3),
        "profile": {"sex": random.choice(("male", "female"))},
        "cases": [],
    }


def _site(random: Random) -> dict[str, Any]:
    return {"establishment": random.choice(ESTABLISHMENTS)}


_KINDS: Mapping[str, Callable[[Random], dict[str, Any]]] = {
    "roll_opening": _entry,
    "admission": _entry,
    "release": lambda random: {**_site(random), "liberty_type": "pena-cumplida"},
    "escape": _site,
    "death": _site,
    "transfer_departure": lambda random: {**_site(random), "destination": random.choice(ESTABLISHMENTS)},
    "transfer_arrival": lambda random: {**_site(random), "origin": random.choice(ESTABLISHMENTS)},
    "absence_start": lambda random: {**_site(random), "reason": "diligencia-judicial"},
    "absence_end": _site,
    "profile_change": lambda random: {"profile": {"schooling": random.choice(("primaria", "secundaria"))}},
    "case_opened": lambda random: {
        "case": random.choice(("k1:case-a", "k1:case-b")),
        "offences": [{"code": "cp-189-robo-agravado", "rank": random.randint(1, 3)}],
        "sentence": random.choice((None, {"months": 60})),
    },
    "health": lambda random: {"condition": "tb_mdr", "event": random.choice(("diagnosed", "cured"))},
    "child_entry": lambda random: {
        **_site(random),
        "child": "k1:child",
        "sex": "female",
        "birth_date": random.choice(("2017-05-01", "2018-02-01")),
    },
    "supervision_start": lambda random: {
        "supervision": "k1:s",
        "unit": random.choice(("ml-lima", "ml-sur")),
        "service": "pospenitenciaria",
        "wrong": "delito",
        "state": "activa",
    },
    "supervision_end": lambda _: {"supervision": "k1:s", "cause": "pena-cumplida"},
}


def random_log(random: Random) -> list[Record]:
    """Up to 16 records of up to three persons, some of them across midnight of a new year."""
    people = [token(number) for number in range(random.randint(1, 3))]
    sent: list[tuple[str, Fact]] = []
    values = [_value(random, people, sent, number) for number in range(random.randint(3, 16))]
    appended_ms = random.choice((APPENDED_MS, NEW_YEAR_MS - 2_000))
    records: list[Record] = []
    for offset, value in enumerate(values):
        appended_ms += random.choice(PAUSES_MS)
        records.append(Record(offset, appended_ms, value))
    return records


def _value(random: Random, people: list[str], sent: list[tuple[str, Fact]], number: int) -> bytes:
    """The next message; a fact is noted in `sent`, from which some are sent again, as they were or with other words."""
    chance = random.random()
    if chance < 0.06:
        return random.choice((tick, quarantined))(number)
    subject, fact = random.choice(people), _fact(random, number)
    if chance < 0.18 and sent:
        subject, again = random.choice(sent)
        fact = again if chance < 0.14 else fact._replace(source=again.source, id=again.id)
    sent.append((subject, fact))
    return message(fact, subject)


def _fact(random: Random, number: int) -> Fact:
    (source, name), at_ms, (kind, data) = _identity(number), _instant(random), _told(random)
    if random.random() < 0.2:  # of an earlier fact, of itself, or of one that is still to come
        target = dict(zip(("source", "id"), _identity(random.randint(0, number + 2)), strict=True))
        if random.random() < 0.5:
            return Fact(source, name, "void", at_ms, {"target": target})
        replacement = {"kind": kind, "at_ms": _instant(random), "data": data}
        return Fact(source, name, "amendment", at_ms, {"target": target, "replacement": replacement})
    return Fact(source, name, kind, at_ms, data)


def _identity(number: int) -> tuple[str, str]:
    return ESTABLISHMENTS[number % len(ESTABLISHMENTS)], f"f{number}"


def _told(random: Random) -> tuple[str, dict[str, Any]]:
    kind = random.choice(tuple(_KINDS))
    return kind, _KINDS[kind](random)


def _instant(random: Random) -> int:
    """Few days and few hours, so that facts meet on the same day and at the same instant."""
    return (FIRST_DAY + random.randint(0, 6)) * DAY_MS + random.choice((0, 4, 5, 12, 23)) * 3_600_000
