"""The counting rules as small tables: what is told, and what it is counted as. `docs/methodology.md` is made from this.

A told line reads `day hour kind place details`; hours are Lima's. A counted line reads
`day book cause place stock flow attributes`, where attributes are those that the rule is about.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.domain.facts import DAY_MS, LIMA_OFFSET_MS, Fact

JANUARY_1 = 20_454  # 2026-01-01 as days since 1970


@dataclass(frozen=True)
class Rule:
    """One rule: its name, the promise, an example as told, and what is counted."""

    name: str
    promise: str
    told: tuple[tuple[int, int, str, dict[str, Any]], ...]
    counted: tuple[str, ...]
    shows: tuple[str, ...] = ()
    anomalies: tuple[str, ...] = ()

    def facts(self) -> list[Fact]:
        """The example as facts of one person, numbered in the order told."""
        return [
            Fact("ep-001", f"f{n}", kind, (JANUARY_1 + day - 1) * DAY_MS - LIMA_OFFSET_MS + hour * 3_600_000, data)
            for n, (day, hour, kind, data) in enumerate(self.told, start=1)
        ]


def _entry(place: str, *, sex: str = "male", **more: Any) -> dict[str, Any]:
    case = {"case": "c1", "offences": [{"code": "cp-189", "rank": 20}]}
    return {"establishment": place, "motive": "nuevo-ingreso", "profile": {"sex": sex}, "cases": [case], **more}


def _opening(place: str, **more: Any) -> dict[str, Any]:
    return {key: value for key, value in _entry(place, **more).items() if key != "motive"}


def _at(place: str, **more: Any) -> dict[str, Any]:
    return {"establishment": place, **more}


ADMITTED = (5, 10, "admission", _entry("ep-001"))
RELEASED = (20, 9, "release", _at("ep-001", liberty_type="pena-cumplida"))
TARGET = {"source": "ep-001", "id": "f1"}

RULES = (
    Rule(
        "Admission and release",
        "An admission adds one to the roll and counts as an ingreso; a release takes one off and counts as an egreso.",
        (ADMITTED, RELEASED),
        ("5 custody admission ep-001 +1 flow +1", "20 custody release ep-001 -1 flow +1"),
    ),
    Rule(
        "Roll opening",
        "Who was inside when an establishment joined is stock and no flow.",
        ((1, 0, "roll_opening", _opening("ep-001", declared_admissions=3)),),
        ("1 custody opening ep-001 +1 flow +0 admissions=3",),
        shows=("admissions",),
    ),
    Rule(
        "Recapture",
        "A recapture is an entry with a cause of its own: not an ingreso, and the number of admissions stays.",
        (
            ADMITTED,
            (8, 3, "escape", _at("ep-001")),
            (12, 10, "admission", _entry("ep-001", motive="recaptura")),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 admissions=1",
            "8 custody escape ep-001 -1 flow +1 admissions=1",
            "12 custody recapture ep-001 +1 flow +1 admissions=1",
        ),
        shows=("admissions",),
    ),
    Rule(
        "Number of admissions",
        "The larger of what is declared and what was counted before, plus this one.",
        (ADMITTED, RELEASED, (25, 8, "admission", _entry("ep-002"))),
        (
            "5 custody admission ep-001 +1 flow +1 admissions=1",
            "20 custody release ep-001 -1 flow +1 admissions=1",
            "25 custody admission ep-002 +1 flow +1 admissions=2",
        ),
        shows=("admissions",),
    ),
    Rule(
        "Transfer",
        "Between the two legs the person is in transit and on the roll of the origin; the arrival moves the person in one "
        "instant. The nation has neither an ingreso nor an egreso.",
        (
            ADMITTED,
            (9, 6, "transfer_departure", _at("ep-001", destination="ep-002")),
            (10, 18, "transfer_arrival", _at("ep-002", origin="ep-001")),
        ),
        (
            "5 custody admission ep-001 +1 flow +1",
            "10 custody transfer_out ep-001 -1 flow +1",
            "9 transit start ep-001 +1 flow +1",
            "10 transit end ep-001 -1 flow +1",
            "10 custody transfer_in ep-002 +1 flow +1",
        ),
    ),
    Rule(
        "Arrival without departure",
        "The arrival alone is a whole transfer from where the person was; the missing leg is an anomaly.",
        (ADMITTED, (10, 18, "transfer_arrival", _at("ep-002", origin="ep-001"))),
        (
            "5 custody admission ep-001 +1 flow +1",
            "10 custody transfer_out ep-001 -1 flow +1",
            "10 custody transfer_in ep-002 +1 flow +1",
        ),
        anomalies=("arrival_without_departure",),
    ),
    Rule(
        "Arrival of somebody who is not inside",
        "The roll says the person is there, so the person is counted there, as a correction and no flow.",
        ((10, 18, "transfer_arrival", _at("ep-002", origin="ep-001")),),
        ("10 custody correction ep-002 +1 flow +0",),
        anomalies=("arrival_while_not_inside",),
    ),
    Rule(
        "Departure of somebody who is not there",
        "Nothing is counted.",
        (ADMITTED, (9, 6, "transfer_departure", _at("ep-003", destination="ep-002"))),
        ("5 custody admission ep-001 +1 flow +1",),
        anomalies=("departure_while_not_there",),
    ),
    Rule(
        "Admitted twice at one establishment",
        "Nobody enters where they are: no second ingreso; what the second admission declares is taken.",
        (ADMITTED, (7, 9, "admission", _entry("ep-001", profile={"civil_status": "casado"}))),
        (
            "5 custody admission ep-001 +1 flow +1 civil_status=",
            "7 custody reclassification ep-001 -1 flow +0 civil_status=",
            "7 custody reclassification ep-001 +1 flow +0 civil_status=casado",
        ),
        shows=("civil_status",),
        anomalies=("entered_twice",),
    ),
    Rule(
        "Admitted elsewhere while inside",
        "An exit is missing. It is assumed at that instant as a correction, and the new admission counts.",
        (ADMITTED, (7, 9, "admission", _entry("ep-002"))),
        (
            "5 custody admission ep-001 +1 flow +1",
            "7 custody correction ep-001 -1 flow +0",
            "7 custody admission ep-002 +1 flow +1",
        ),
        anomalies=("entered_while_elsewhere",),
    ),
    Rule(
        "Exit of somebody who is not inside",
        "Nothing is counted.",
        (RELEASED,),
        (),
        anomalies=("exit_while_not_inside",),
    ),
    Rule(
        "Exit said by another establishment",
        "The exit counts where the person is.",
        (ADMITTED, (20, 9, "death", _at("ep-002"))),
        ("5 custody admission ep-001 +1 flow +1", "20 custody death ep-001 -1 flow +1"),
        anomalies=("exit_from_elsewhere",),
    ),
    Rule(
        "Sentenced",
        "Sentenciado if a sentence is in force; sentenciado-procesado while another case detains without one; else "
        "procesado. The change is a reclassification: one out of the old cell, one into the new.",
        (
            ADMITTED,
            (8, 12, "case_changed", {"case": "c1", "sentence": {"months": 60}}),
            (9, 12, "case_opened", {"case": "c2", "offences": [{"code": "cp-296", "rank": 10}]}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 legal_status=procesado offence=cp-189 sentence_months=0",
            "8 custody reclassification ep-001 -1 flow +0 legal_status=procesado offence=cp-189 sentence_months=0",
            "8 custody reclassification ep-001 +1 flow +0 legal_status=sentenciado offence=cp-189 sentence_months=61",
            "9 custody reclassification ep-001 -1 flow +0 legal_status=sentenciado offence=cp-189 sentence_months=61",
            (
                "9 custody reclassification ep-001 +1 flow +0 legal_status=sentenciado-procesado offence=cp-296 "
                "sentence_months=61"
            ),
        ),
        shows=("legal_status", "offence", "sentence_months"),
    ),
    Rule(
        "Main offence",
        "The flagged one; else the gravest by the rank of the catalogue (1 is gravest); else the earliest.",
        (
            (
                5,
                10,
                "admission",
                _entry(
                    "ep-001",
                    cases=[
                        {"case": "c1", "offences": [{"code": "cp-189", "rank": 20}, {"code": "cp-108", "rank": 2}]},
                        {"case": "c2", "offences": [{"code": "cp-149", "rank": 90, "main": True}]},
                    ],
                ),
            ),
            (6, 10, "case_closed", {"case": "c2"}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 offence=cp-149",
            "6 custody reclassification ep-001 -1 flow +0 offence=cp-149",
            "6 custody reclassification ep-001 +1 flow +0 offence=cp-108",
        ),
        shows=("offence",),
    ),
    Rule(
        "Longest or joined sentence",
        "The longest sentence in force, unless a joined one (refundición) is declared: it stands for all. In the ledger "
        "0 is none, months + 1 otherwise, 65535 life.",
        (
            ADMITTED,
            (8, 1, "case_changed", {"case": "c1", "sentence": {"months": 300}}),
            (
                9,
                1,
                "case_opened",
                {"case": "c2", "offences": [{"code": "cp-296"}], "sentence": {"months": 120, "joined": True}},
            ),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 sentence_months=0",
            "8 custody reclassification ep-001 -1 flow +0 sentence_months=0",
            "8 custody reclassification ep-001 +1 flow +0 sentence_months=301",
            "9 custody reclassification ep-001 -1 flow +0 sentence_months=301",
            "9 custody reclassification ep-001 +1 flow +0 sentence_months=121",
        ),
        shows=("sentence_months",),
    ),
    Rule(
        "The close of the day",
        "A flow in carries the attributes at the close of its Lima day; changes within a day are one change.",
        (
            ADMITTED,
            (5, 23, "profile_change", {"profile": {"civil_status": "soltero"}}),
            (6, 1, "profile_change", {"profile": {"civil_status": "viudo"}}),
            (6, 2, "profile_change", {"profile": {"civil_status": "casado"}}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 civil_status=soltero",
            "6 custody reclassification ep-001 -1 flow +0 civil_status=soltero",
            "6 custody reclassification ep-001 +1 flow +0 civil_status=casado",
        ),
        shows=("civil_status",),
    ),
    Rule(
        "Just before the exit",
        "A flow out carries the attributes the person had when leaving, whatever else is told of that day.",
        (
            ADMITTED,
            (20, 8, "profile_change", {"profile": {"civil_status": "casado"}}),
            RELEASED,
            (20, 10, "profile_change", {"profile": {"civil_status": "viudo"}}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 civil_status=",
            "20 custody reclassification ep-001 -1 flow +0 civil_status=",
            "20 custody reclassification ep-001 +1 flow +0 civil_status=casado",
            "20 custody release ep-001 -1 flow +1 civil_status=casado",
        ),
        shows=("civil_status",),
    ),
    Rule(
        "Conducción",
        "Away for a court or a hospital, the person stays on the roll; absences are a count of their own.",
        (ADMITTED, (8, 8, "absence_start", _at("ep-001", reason="juzgado")), (8, 17, "absence_end", _at("ep-001"))),
        (
            "5 custody admission ep-001 +1 flow +1",
            "8 absence start ep-001 +1 flow +1",
            "8 absence end ep-001 -1 flow +1",
        ),
    ),
    Rule(
        "Tuberculosis",
        "Counted while the person is in custody, where the person is; it goes along with a transfer.",
        (
            ADMITTED,
            (6, 8, "health", {"condition": "tb_mdr", "event": "diagnosed"}),
            (9, 6, "transfer_arrival", _at("ep-002", origin="ep-001")),
            (15, 6, "health", {"condition": "tb_mdr", "event": "cured"}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1",
            "9 custody transfer_out ep-001 -1 flow +1",
            "6 health start ep-001 +1 flow +1",
            "9 health end ep-001 -1 flow +1",
            "9 custody transfer_in ep-002 +1 flow +1",
            "9 health start ep-002 +1 flow +1",
            "15 health end ep-002 -1 flow +1",
        ),
        anomalies=("arrival_without_departure",),
    ),
    Rule(
        "Children",
        "A child under three who lives with its mother is counted apart, with its own sex, and never in the population.",
        (
            (5, 10, "admission", _entry("ep-001", sex="female")),
            (6, 9, "child_entry", _at("ep-001", child="n1", sex="male", birth_date="2025-03-02")),
            (30, 9, "child_exit", _at("ep-001", child="n1")),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 sex=female",
            "6 child start ep-001 +1 flow +1 sex=male",
            "30 child end ep-001 -1 flow +1 sex=male",
        ),
        shows=("sex",),
    ),
    Rule(
        "Supervision",
        "Each open supervision of medio libre counts once at its unit; another unit is a transfer between units.",
        (
            (
                3,
                9,
                "supervision_start",
                {
                    "supervision": "s1",
                    "unit": "ml-lima",
                    "service": "semilibertad",
                    "wrong": "delito",
                    "state": "activa",
                },
            ),
            (9, 9, "supervision_change", {"supervision": "s1", "unit": "ml-sur"}),
            (28, 9, "supervision_end", {"supervision": "s1", "cause": "pena-cumplida"}),
        ),
        (
            "3 supervision start ml-lima +1 flow +1",
            "9 supervision transfer_out ml-lima -1 flow +1",
            "9 supervision transfer_in ml-sur +1 flow +1",
            "28 supervision end ml-sur -1 flow +1",
        ),
    ),
    Rule(
        "Void",
        "A void annuls its target as if it had never been told.",
        (ADMITTED, (6, 9, "void", {"target": TARGET})),
        (),
    ),
    Rule(
        "Amendment",
        "An amendment tells its target anew, in its place: the flow moves to the day on which it happened.",
        (
            ADMITTED,
            (
                9,
                9,
                "amendment",
                {
                    "target": TARGET,
                    "replacement": {
                        "kind": "admission",
                        "at_ms": (JANUARY_1 + 2) * DAY_MS - LIMA_OFFSET_MS,
                        "data": _entry("ep-002"),
                    },
                },
            ),
        ),
        ("3 custody admission ep-002 +1 flow +1",),
    ),
    Rule(
        "Corrections of corrections",
        "Only original facts can be targets: a void of an amendment does nothing, and a void holds over any amendment.",
        (
            ADMITTED,
            (6, 9, "void", {"target": TARGET}),
            (7, 9, "void", {"target": {"source": "ep-001", "id": "f2"}}),
        ),
        (),
    ),
)
