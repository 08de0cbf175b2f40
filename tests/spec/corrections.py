"""Voids, amendments and late facts."""

from __future__ import annotations

from typing import Any

from tests.spec.rule import ADMITTED, COUNTED_IN, Rule, at_ms, entry, target


def _admitted_at(place: str) -> dict[str, Any]:
    """That the first fact was an admission at this place, two days earlier than told."""
    return target(1) | {"replacement": {"kind": "admission", "at_ms": at_ms(3, 0), "data": entry(place)}}


RULES = (
    Rule(
        "Void",
        "A void annuls its target as if it had never been told. A second one changes nothing, and contradicts nothing.",
        (ADMITTED, (6, 9, "void", target(1))),
        (),
    ),
    Rule(
        "Amendment",
        "An amendment tells its target anew, in its place: the flow moves to the day on which it happened.",
        (ADMITTED, (9, 9, "amendment", _admitted_at("ep-002"))),
        ("3 custody admission ep-002 +1 flow +1",),
    ),
    Rule(
        "Corrections of corrections",
        "Only original facts can be targets: a void of a void or of an amendment does nothing, and a void holds over any "
        "amendment.",
        (
            ADMITTED,
            (6, 9, "void", target(1)),
            (7, 9, "void", target(2)),
            (8, 9, "amendment", _admitted_at("ep-002")),
        ),
        (),
        anomalies=("target_is_a_correction",),
    ),
    Rule(
        "Two amendments",
        "The last in time holds, in whatever order they arrive.",
        (ADMITTED, (9, 9, "amendment", _admitted_at("ep-002")), (8, 9, "amendment", _admitted_at("ep-003"))),
        ("3 custody admission ep-002 +1 flow +1",),
    ),
    Rule(
        "A correction whose target is not known",
        "It changes nothing until the target arrives; it counts as a fact, and its receipt names the contradiction.",
        (ADMITTED, (6, 9, "void", target(9))),
        (COUNTED_IN,),
        anomalies=("target_not_known",),
    ),
    Rule(
        "A late fact",
        "Told in its place, whenever it arrives: the profile that was true before the admission is that of the admission.",
        (
            ADMITTED,
            (3, 9, "profile_change", {"profile": {"schooling": "analfabeto"}}),
        ),
        (COUNTED_IN + " schooling=analfabeto",),
        shows=("schooling",),
    ),
)
