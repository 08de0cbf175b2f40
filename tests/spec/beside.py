"""What is counted beside the population: absences, tuberculosis, children, supervision in liberty."""

from __future__ import annotations

from tests.spec.rule import ADMITTED, COUNTED_IN, COUNTED_OUT, RELEASED, SUPERVISED, Rule, at, entry

RULES = (
    Rule(
        "Conducción",
        "Away for a court or a hospital, the person stays on the roll; absences are a count of their own.",
        (
            ADMITTED,
            (8, 8, "absence_start", at("ep-001", reason="diligencia-judicial")),
            (8, 17, "absence_end", at("ep-001")),
        ),
        (
            COUNTED_IN,
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
            (9, 6, "transfer_arrival", at("ep-002", origin="ep-001")),
            (15, 6, "health", {"condition": "tb_mdr", "event": "cured"}),
        ),
        (
            COUNTED_IN,
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
        "A child under three who lives with its mother is counted apart, with its own sex and age and nothing of its mother's, and never "
        "in the population.",
        (
            (5, 10, "admission", entry("ep-001", sex="female")),
            (6, 9, "child_entry", at("ep-001", child="n1", sex="male", birth_date="2025-03-02")),
            (30, 9, "child_exit", at("ep-001", child="n1")),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 sex=female birth_month=0 legal_status=procesado",
            "6 child start ep-001 +1 flow +1 sex=male birth_month=24302 legal_status=",
            "30 child end ep-001 -1 flow +1 sex=male birth_month=24302 legal_status=",
        ),
        shows=("sex", "birth_month", "legal_status"),
    ),
    Rule(
        "Supervision",
        "Each open supervision of medio libre counts once at its unit; another unit is a transfer between units.",
        (
            (
                3,
                9,
                "supervision_start",
                SUPERVISED,
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
        "Attributes beside the population",
        "The absent, those in transit, the ill and the supervised are counted with the attributes of the person, so a change "
        "is a reclassification in each book that the person is in.",
        (
            ADMITTED,
            (6, 7, "supervision_start", SUPERVISED),
            (6, 8, "health", {"condition": "tb_mdr", "event": "diagnosed"}),
            (6, 9, "absence_start", at("ep-001", reason="diligencia-judicial")),
            (8, 9, "profile_change", {"profile": {"civil_status": "casado"}}),
        ),
        (
            COUNTED_IN + " civil_status=",
            "8 custody reclassification ep-001 -1 flow +0 civil_status=",
            "8 custody reclassification ep-001 +1 flow +0 civil_status=casado",
            "6 supervision start ml-lima +1 flow +1 civil_status=",
            "8 supervision reclassification ml-lima -1 flow +0 civil_status=",
            "8 supervision reclassification ml-lima +1 flow +0 civil_status=casado",
            "6 health start ep-001 +1 flow +1 civil_status=",
            "8 health reclassification ep-001 -1 flow +0 civil_status=",
            "8 health reclassification ep-001 +1 flow +0 civil_status=casado",
            "6 absence start ep-001 +1 flow +1 civil_status=",
            "8 absence reclassification ep-001 -1 flow +0 civil_status=",
            "8 absence reclassification ep-001 +1 flow +0 civil_status=casado",
        ),
        shows=("civil_status",),
    ),
    Rule(
        "What ends with the exit",
        "Whoever leaves is no longer absent, in transit, or counted as ill; no fact needs to say so.",
        (
            ADMITTED,
            (6, 8, "health", {"condition": "tb_sensitive", "event": "diagnosed"}),
            (8, 8, "absence_start", at("ep-001", reason="atencion-medica")),
            (20, 9, "death", at("ep-001")),
        ),
        (
            COUNTED_IN,
            "20 custody death ep-001 -1 flow +1",
            "6 health start ep-001 +1 flow +1",
            "20 health end ep-001 -1 flow +1",
            "8 absence start ep-001 +1 flow +1",
            "20 absence end ep-001 -1 flow +1",
        ),
    ),
    Rule(
        "Tuberculosis known before admission",
        "Who was diagnosed outside is counted from the admission on; a cure outside ends it.",
        (
            (2, 8, "health", {"condition": "tb_xdr", "event": "diagnosed"}),
            ADMITTED,
            RELEASED,
            (22, 8, "health", {"condition": "tb_xdr", "event": "cured"}),
            (25, 8, "admission", entry("ep-002")),
        ),
        (
            COUNTED_IN + " detail=",
            COUNTED_OUT + " detail=",
            "5 health start ep-001 +1 flow +1 detail=tb_xdr",
            "20 health end ep-001 -1 flow +1 detail=tb_xdr",
            "25 custody admission ep-002 +1 flow +1 detail=",
        ),
        shows=("detail",),
    ),
    Rule(
        "Another diagnosis",
        "A new diagnosis takes the place of the one before; the person is counted once.",
        (
            ADMITTED,
            (6, 8, "health", {"condition": "tb_sensitive", "event": "diagnosed"}),
            (9, 8, "health", {"condition": "tb_mdr", "event": "diagnosed"}),
        ),
        (
            COUNTED_IN + " detail=",
            "6 health start ep-001 +1 flow +1 detail=tb_sensitive",
            "9 health reclassification ep-001 -1 flow +0 detail=tb_sensitive",
            "9 health reclassification ep-001 +1 flow +0 detail=tb_mdr",
        ),
        shows=("detail",),
    ),
    Rule(
        "State of a supervision",
        "Service, state, wrong and offence are counted with the supervision; a changed state or service is a "
        "reclassification, and what a change leaves out stays.",
        (
            (3, 9, "supervision_start", SUPERVISED),
            (9, 9, "supervision_change", {"supervision": "s1", "state": "pasiva"}),
        ),
        (
            "3 supervision start ml-lima +1 flow +1 detail=semilibertad|activa-nueva|delito|",
            "9 supervision reclassification ml-lima -1 flow +0 detail=semilibertad|activa-nueva|delito|",
            "9 supervision reclassification ml-lima +1 flow +0 detail=semilibertad|pasiva|delito|",
        ),
        shows=("detail",),
    ),
    Rule(
        "Two supervisions, and custody",
        "A person may have several open supervisions, and be in custody as well: each supervision counts, the person "
        "counts once in the population.",
        (
            ADMITTED,
            (6, 9, "supervision_start", SUPERVISED),
            (7, 9, "supervision_start", {**SUPERVISED, "supervision": "s2"}),
        ),
        (COUNTED_IN, "6 supervision start ml-lima +1 flow +1", "7 supervision start ml-lima +1 flow +1"),
    ),
)
