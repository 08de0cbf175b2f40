"""Entries, exits and transfers."""

from __future__ import annotations

from tests.spec.rule import ADMITTED, COUNTED_IN, COUNTED_OUT, RELEASED, Rule, at, entry, opening

RULES = (
    Rule(
        "Admission and release",
        "An admission adds one to the roll and counts as an ingreso; a release takes one off and counts as an egreso.",
        (ADMITTED, RELEASED),
        (COUNTED_IN, COUNTED_OUT),
    ),
    Rule(
        "Roll opening",
        "Who was inside when an establishment joined is stock and no flow.",
        ((1, 0, "roll_opening", opening("ep-001", declared_admissions=3)),),
        ("1 custody opening ep-001 +1 flow +0 admissions=3",),
        shows=("admissions",),
    ),
    Rule(
        "Recapture",
        "A recapture is an entry with a cause of its own: not an ingreso, and the number of admissions stays.",
        (
            ADMITTED,
            (8, 3, "escape", at("ep-001")),
            (12, 10, "admission", entry("ep-001", motive="recaptura")),
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
        (ADMITTED, RELEASED, (25, 8, "admission", entry("ep-002"))),
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
            (9, 6, "transfer_departure", at("ep-001", destination="ep-002")),
            (10, 18, "transfer_arrival", at("ep-002", origin="ep-001")),
        ),
        (
            COUNTED_IN,
            "10 custody transfer_out ep-001 -1 flow +1",
            "9 transit start ep-001 +1 flow +1",
            "10 transit end ep-001 -1 flow +1",
            "10 custody transfer_in ep-002 +1 flow +1",
        ),
    ),
    Rule(
        "Death and escape",
        "Both are exits with a cause of their own. Neither is a release, so neither has a type of liberty.",
        (
            ADMITTED,
            (8, 3, "escape", at("ep-001")),
            (12, 10, "admission", entry("ep-001", motive="recaptura")),
            (14, 22, "death", at("ep-001", motive="enfermedad")),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 liberty_type= motive=nuevo-ingreso",
            "8 custody escape ep-001 -1 flow +1 liberty_type= motive=",
            "12 custody recapture ep-001 +1 flow +1 liberty_type= motive=recaptura",
            "14 custody death ep-001 -1 flow +1 liberty_type= motive=enfermedad",
        ),
        shows=("liberty_type", "motive"),
    ),
    Rule(
        "Movements at one instant",
        "At one instant entries are told before what happens inside, and exits last: admitted and released in the same "
        "hour, a person was inside.",
        ((5, 10, "release", at("ep-001", liberty_type="comparecencia-simple")), ADMITTED),
        (COUNTED_IN, "5 custody release ep-001 -1 flow +1"),
    ),
    Rule(
        "Both legs of a transfer at one instant",
        "The departure is told first, so it is one transfer, with no time in transit.",
        (
            (9, 6, "transfer_arrival", at("ep-002", origin="ep-001")),
            (9, 6, "transfer_departure", at("ep-001", destination="ep-002")),
            ADMITTED,
        ),
        (
            COUNTED_IN,
            "9 custody transfer_out ep-001 -1 flow +1",
            "9 transit start ep-001 +1 flow +1",
            "9 transit end ep-001 -1 flow +1",
            "9 custody transfer_in ep-002 +1 flow +1",
        ),
    ),
    Rule(
        "Back and away again at one instant",
        "The end of an absence is told before the start of another.",
        (
            ADMITTED,
            (8, 8, "absence_start", at("ep-001", reason="diligencia-judicial")),
            (9, 8, "absence_start", at("ep-001", reason="atencion-medica")),
            (9, 8, "absence_end", at("ep-001")),
        ),
        (
            COUNTED_IN,
            "8 absence start ep-001 +1 flow +1",
            "9 absence end ep-001 -1 flow +1",
            "9 absence start ep-001 +1 flow +1",
        ),
    ),
    Rule(
        "On the opened roll and admitted at one instant",
        "The opening is told first: the person was inside already, and the admission is a contradiction.",
        ((1, 0, "admission", entry("ep-001")), (1, 0, "roll_opening", opening("ep-001"))),
        ("1 custody opening ep-001 +1 flow +0",),
        anomalies=("entered_twice",),
    ),
)
