"""Establishments, capacity and residents."""

from __future__ import annotations

from typing import Any

from tests.spec.rule import Rule


def _stands(*, office: str = "lima", **more: Any) -> dict[str, Any]:
    about = {"establishment": "ep-045", "name": "Lurigancho", "office": office, "place": "150132", "houses": "male"}
    return about | {"open": True} | more


def _places(number: int) -> dict[str, Any]:
    return {"establishment": "ep-045", "places": number}


_COUNTED = {
    "establishment": "ep-045",
    "counted": [{"sex": "male", "present": 310, "absent": 4, "in_transit": 0}],
    "signed_by": "alcaide-0412",
}

RULES = (
    Rule(
        "Capacity",
        "The places in force on a day are those last told before its end; a new number replaces the old one, and no places "
        "at all end it. A capacity that is told again changes nothing.",
        (
            (2, 0, "capacity", _places(3204)),
            (9, 0, "capacity", _places(3404)),
            (12, 0, "capacity", _places(3404)),
            (20, 0, "capacity", _places(0)),
        ),
        (
            "2 capacity start ep-045 +3204 flow +0",
            "9 capacity reclassification ep-045 -3204 flow +0",
            "9 capacity reclassification ep-045 +3404 flow +0",
            "20 capacity end ep-045 -3404 flow +0",
        ),
    ),
    Rule(
        "A capacity that was wrong",
        "Amendments and voids are for facts about persons. Reference data are corrected by stating them again for the same "
        "time: of two statements of one time the one whose id sorts last holds from then on.",
        ((2, 0, "capacity", _places(9999)), (2, 0, "capacity", _places(3204))),
        (
            "2 capacity start ep-045 +9999 flow +0",
            "2 capacity reclassification ep-045 -9999 flow +0",
            "2 capacity reclassification ep-045 +3204 flow +0",
        ),
    ),
    Rule(
        "Establishment",
        "Office, district, sex housed and name hold from the moment told. An establishment that moves to another office "
        "takes its population along: between offices that is a remapping, and no transfer. A closed one stands no more.",
        (
            (2, 0, "establishment", _stands()),
            (9, 0, "establishment", _stands(office="centro")),
            (20, 0, "establishment", _stands(office="centro", open=False)),
        ),
        (
            "2 establishment start ep-045 +1 flow +0 detail=lima|150132|male|Lurigancho",
            "9 establishment reclassification ep-045 -1 flow +0 detail=lima|150132|male|Lurigancho",
            "9 establishment reclassification ep-045 +1 flow +0 detail=centro|150132|male|Lurigancho",
            "20 establishment end ep-045 -1 flow +0 detail=centro|150132|male|Lurigancho",
        ),
        shows=("detail",),
    ),
    Rule(
        "Residents",
        "A denominator says its vintage and its origin; a new one for a place replaces the old one of that place alone.",
        (
            (2, 0, "population_reference", {"place": "15", "population": 100, "vintage": 2025, "origin": "INEI"}),
            (3, 0, "population_reference", {"place": "PE", "population": 900, "vintage": 2025, "origin": "INEI"}),
            (9, 0, "population_reference", {"place": "15", "population": 110, "vintage": 2026, "origin": "INEI"}),
        ),
        (
            "2 residents start 15 +100 flow +0 detail=2025|INEI",
            "9 residents reclassification 15 -100 flow +0 detail=2025|INEI",
            "9 residents reclassification 15 +110 flow +0 detail=2026|INEI",
            "3 residents start PE +900 flow +0 detail=2025|INEI",
        ),
        shows=("detail",),
    ),
    Rule(
        "Headcount",
        "A signed count of those present, absent and in transit, by sex. It is held against the roll of its moment and changes no "
        "figure. The line *signed* says that there was one.",
        ((28, 20, "headcount", _COUNTED),),
        (
            "28 headcount start ep-045 +1 flow +0 sex= motive=alcaide-0412 detail=signed|ep-001|f1",
            "28 headcount start ep-045 +310 flow +0 sex=male motive= detail=present|ep-001|f1",
            "28 headcount start ep-045 +4 flow +0 sex=male motive= detail=absent|ep-001|f1",
        ),
        shows=("sex", "motive", "detail"),
    ),
)
