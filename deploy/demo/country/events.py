"""Events: what happens during the stays, when it happens, and when the message about it arrives.

The big moves (entry, sentence, transfer, exit) are the stays' own. Everything else is made here for a part of the
stays, at moments that cannot contradict each other: escorts keep clear of transfers, a second case of the first
sentence, a child stays only while its mother does. Corrections say in the end what the stays say.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from deploy.demo.country import plausible
from deploy.demo.country.dealing import Flags, Ints, Random, Reals, choose
from deploy.demo.country.histories import DAY, END, HOUR, LONG_STAY, MONTH, OPENING, Stays, began, ended
from shared.reference.catalogue import load

Events = npt.NDArray[np.void]
EVENT = np.dtype([("arrives", "i8"), ("at", "i8"), ("stay", "i4"), ("kind", "i1"), ("step", "i1")])


class Kind(IntEnum):
    """What happens. `step` tells variants apart; each says below what it means."""

    ENTRY = 0
    SENTENCE = 1
    DEPARTURE = 2
    ARRIVAL = 3
    ABSENCE_START = 4  # step: index into ABSENCES; AWAY_AT_THE_END: a court, at the end
    ABSENCE_END = 5
    PROFILE_CHANGE = 6
    CASE_OPENED = 7
    CASE_SENTENCED = 8
    CASES_JOINED = 9
    CASE_CLOSED = 10
    DIAGNOSED = 11  # step: index into CONDITIONS
    CURED = 12
    CHILD_ENTRY = 13  # step: months of age
    CHILD_EXIT = 14
    EXIT = 15
    SUPERVISION_START = 16
    SUPERVISION_CHANGE = 17
    SUPERVISION_END = 18
    AMENDMENT = 19
    MISTAKEN_ENTRY = 20  # of somebody who never was
    VOIDED_ENTRY = 21
    MISTAKEN_EXIT = 22
    VOIDED_EXIT = 23


ABSENCES = ("diligencia-judicial", "atencion-medica", "clasificacion", "otro")
AWAY_AT_THE_END = 64
CONDITIONS = ("tb_sensitive", "tb_mdr", "tb_xdr")

MISSTATED, LESS_SCHOOLED, SINGLE_BEFORE, OTHER_OFFENCE = 1, 2, 4, 8
"""Bits of `Stay.said`: in what the entry differs from what is true later."""

OTHER_BEFORE = {
    "cp-189-robo-agravado": "cp-188-robo",
    "cp-186-hurto-agravado": "cp-188-robo",
    "cp-108-asesinato": "cp-106-homicidio-simple",
    "cp-108-b-feminicidio": "cp-106-homicidio-simple",
}
"""The charge on entry of those whose offence changed with the sentence."""


def events(random: Random, stays: Stays) -> Events:
    """Every event of these stays in the order of arrival; sets `said` of the stays that are corrected later."""
    stays["said"] = 0
    parts = [
        *_own(stays),
        *_corrections(random, stays),
        *_absences(random, stays),
        *_second_cases(random, stays),
        *_tuberculosis(random, stays),
        *_children(random, stays),
        *_supervisions(random, stays),
        *_mistakes(random, stays),
    ]
    return _in_order_of_arrival(random, np.concatenate(parts))


def _at(kind: Kind, stays: Ints, at: Ints | Reals, step: Ints | int = 0) -> Events:
    made = np.zeros(len(stays), dtype=EVENT)
    made["kind"], made["stay"], made["at"], made["step"] = kind, stays, at, step
    return made


def _some(random: Random, which: Flags, part: float) -> Ints:
    """About this part of those for whom it can happen."""
    return np.flatnonzero(which & (random.random(len(which)) < part))


def _during(random: Random, stays: Stays, low: float, high: float) -> Ints:
    """A moment between two parts of each stay."""
    start, length = began(stays), ended(stays) - began(stays)
    moments: Ints = start + np.floor(random.uniform(low, high, len(stays)) * length).astype(np.int64)
    return moments


def _long(stays: Stays) -> Flags:
    long: Flags = ended(stays) - began(stays) > LONG_STAY
    return long


def _own(stays: Stays) -> list[Events]:
    everyone = np.arange(len(stays))
    later = np.flatnonzero(stays["sentenced_at"] > began(stays))
    moved = np.flatnonzero(stays["departed"])
    gone = np.flatnonzero(stays["left"])
    return [
        _at(Kind.ENTRY, everyone, began(stays)),
        _at(Kind.SENTENCE, later, stays["sentenced_at"][later]),
        _at(Kind.DEPARTURE, moved, stays["departed"][moved]),
        _at(Kind.ARRIVAL, moved, stays["arrived"][moved]),
        _at(Kind.EXIT, gone, stays["left"][gone]),
    ]


def _corrections(random: Random, stays: Stays) -> list[Events]:
    """Profiles that change, entries put right by an amendment, charges that the sentence changes."""
    long = _long(stays)
    schooling = plausible.SCHOOLING.index("secundaria-completa")
    partner = [number for number, code in enumerate(load()["civil_status"]) if code in ("conviviente", "casado")]
    schooled = _some(random, long & (stays["schooling"] == schooling), 0.04)
    paired = _some(random, long & np.isin(stays["civil"], partner), 0.02)
    stays["said"][schooled] |= LESS_SCHOOLED
    stays["said"][paired] |= SINGLE_BEFORE
    changed = np.union1d(schooled, paired)
    amended = _some(random, long & (stays["said"] == 0), 0.01)
    stays["said"][amended] |= MISSTATED
    lines = [number for number, line in enumerate(plausible.lines()) if line.code in OTHER_BEFORE]
    charged = np.isin(stays["line"], lines) & (stays["sentenced_at"] > began(stays)) & (stays["said"] == 0)
    stays["said"][_some(random, charged, 0.04)] |= OTHER_OFFENCE
    return [
        _at(Kind.PROFILE_CHANGE, changed, _during(random, stays[changed], 0.2, 0.95)),
        _at(Kind.AMENDMENT, amended, began(stays[amended]) + random.integers(DAY, 60 * DAY, len(amended))),
    ]


def _absences(random: Random, stays: Stays) -> list[Events]:
    """Escorts, well before or well after a transfer, and those away at the end of the simulation."""
    away = _some(random, _long(stays), 0.05)
    early = random.random(len(away)) < 0.5
    low, high = np.where(early, 0.02, 0.92), np.where(early, 0.1, 0.97)
    start = began(stays[away]) + np.floor(random.uniform(low, high) * (ended(stays[away]) - began(stays[away])))
    back = start + random.integers(2 * HOUR, 3 * DAY, len(away))
    reason = choose(random, len(away), (70, 22, 5, 3))
    now = _some(random, (stays["left"] == 0) & (stays["entered"] < END - 10 * DAY), 0.0025)
    return [
        _at(Kind.ABSENCE_START, away, start, reason),
        _at(Kind.ABSENCE_END, away, back),
        _at(Kind.ABSENCE_START, now, END - random.integers(HOUR, 30 * HOUR, len(now)), AWAY_AT_THE_END),
    ]


def _second_cases(random: Random, stays: Stays) -> list[Events]:
    """One more, lesser case: it stays open, ends in a sentence (joined with the first or not) or is closed."""
    start = np.maximum(began(stays), stays["sentenced_at"])
    room = ended(stays) - start
    held = _some(random, room > 60 * DAY, 0.05)
    ways = choose(random, len(held), (45, 20, 15, 20))
    ways = np.where((stays["months"][held] > 36) | (ways == 0), ways, 3)

    def moment(low: float, high: float) -> Ints:
        share = random.uniform(low, high, len(held))
        moments: Ints = start[held] + np.floor(share * room[held]).astype(np.int64)
        return moments

    sentenced, joined, closed = (ways == 1) | (ways == 2), ways == 2, ways == 3
    return [
        _at(Kind.CASE_OPENED, held, moment(0.05, 0.4)),
        _at(Kind.CASE_SENTENCED, held[sentenced], moment(0.45, 0.7)[sentenced]),
        _at(Kind.CASES_JOINED, held[joined], moment(0.72, 0.95)[joined]),
        _at(Kind.CASE_CLOSED, held[closed], moment(0.45, 0.95)[closed]),
    ]


def _tuberculosis(random: Random, stays: Stays) -> list[Events]:
    ill = _some(random, _long(stays), 0.018)
    found = _during(random, stays[ill], 0.05, 0.6)
    condition = choose(random, len(ill), (89, 10, 1))
    healthy = found + random.uniform(6, 18, len(ill)) * MONTH
    cured = healthy < ended(stays[ill])
    return [
        _at(Kind.DIAGNOSED, ill, found, condition),
        _at(Kind.CURED, ill[cured], healthy[cured], condition[cured]),
    ]


def _children(random: Random, stays: Stays) -> list[Events]:
    """A child lives with its mother in one prison until it is three, another home is found or she leaves."""
    mothers = _some(random, _long(stays) & (stays["female"] == 1) & (stays["departed"] == 0), 0.1)
    came = _during(random, stays[mothers], 0.02, 0.6)
    age = random.integers(0, 30, len(mothers))
    limit = np.minimum(came + (35 - age) * MONTH, ended(stays[mothers]) - HOUR)
    went = np.minimum(came + random.uniform(1, 34, len(mothers)) * MONTH, limit)
    known = (stays["left"][mothers] > 0) | (went < limit) | (came + (35 - age) * MONTH < END - HOUR)
    return [
        _at(Kind.CHILD_ENTRY, mothers, came, age),
        _at(Kind.CHILD_EXIT, mothers[known], went[known]),
    ]


def _supervisions(random: Random, stays: Stays) -> list[Events]:
    """Medio libre after semi-liberty and conditional release; some never report to the unit."""
    supervised = np.array([bool(way.supervision) for way in plausible.OUTCOMES])
    held = _some(random, supervised[stays["outcome"]], 0.6)
    start = stays["left"][held] + random.integers(DAY, 9 * DAY, len(held))
    change = start + random.integers(20 * DAY, 60 * DAY, len(held))
    end = change + random.integers(5 * MONTH, 28 * MONTH, len(held))
    reported = random.random(len(held)) < 0.9
    return [
        _at(kind, held[some], at[some])
        for kind, at, some in (
            (Kind.SUPERVISION_START, start, start < END),
            (Kind.SUPERVISION_CHANGE, change, reported & (change < END)),
            (Kind.SUPERVISION_END, end, end < END),
        )
    ]


def _mistakes(random: Random, stays: Stays) -> list[Events]:
    """Entries of people who never came and exits of people who never left, taken back some days later."""
    entries = _some(random, _long(stays) & (stays["cause"] != OPENING), 0.005)
    entered = stays["entered"][entries] + HOUR
    exits = _some(random, _long(stays), 0.003)
    left = _during(random, stays[exits], 0.9, 0.91)
    return [
        _at(Kind.MISTAKEN_ENTRY, entries, entered),
        _at(Kind.VOIDED_ENTRY, entries, entered + random.integers(HOUR, 4 * DAY, len(entries))),
        _at(Kind.MISTAKEN_EXIT, exits, left),
        _at(Kind.VOIDED_EXIT, exits, left + random.integers(HOUR, 2 * DAY, len(exits))),
    ]


LATE = 0.015
REPEATED = 0.003


def _in_order_of_arrival(random: Random, made: Events) -> Events:
    """Most messages arrive at once; some days late, some twice."""
    late = random.random(len(made)) < LATE
    made["arrives"] = made["at"] + np.where(late, random.integers(DAY, 20 * DAY, len(made)), 0)
    again = made[_some(random, np.ones(len(made), dtype=bool), REPEATED)]
    again["arrives"] += random.integers(60, 2 * DAY, len(again))
    everything = np.concatenate([made, again])
    in_order: Events = everything[np.lexsort((everything["kind"], everything["stay"], everything["arrives"]))]
    return in_order


def stock(stays: Stays, at: int) -> int:
    """How many are inside just before an instant."""
    inside = (began(stays) < at) & (ended(stays) >= at)
    return int(inside.sum())
