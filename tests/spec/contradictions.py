"""One rule for each contradiction."""

from __future__ import annotations

from shared.domain.anomalies import TRANSIT_DAYS_MAX
from tests.spec.rule import ADMITTED, COUNTED_IN, COUNTED_OUT, RELEASED, SUPERVISED, Rule, at, charged, entry

RULES = (
    Rule(
        "Arrival without departure",
        "The arrival alone is a whole transfer from where the person was; the missing leg is an anomaly.",
        (ADMITTED, (10, 18, "transfer_arrival", at("ep-002", origin="ep-001"))),
        (
            COUNTED_IN,
            "10 custody transfer_out ep-001 -1 flow +1",
            "10 custody transfer_in ep-002 +1 flow +1",
        ),
        anomalies=("arrival_without_departure",),
    ),
    Rule(
        "Arrival of somebody who is not inside",
        "The roll says the person is there, so the person is counted there, as a correction and no flow.",
        ((10, 18, "transfer_arrival", at("ep-002", origin="ep-001")),),
        ("10 custody correction ep-002 +1 flow +0",),
        anomalies=("arrival_while_not_inside",),
    ),
    Rule(
        "Departure of somebody who is not there",
        "Nothing is counted.",
        (ADMITTED, (9, 6, "transfer_departure", at("ep-003", destination="ep-002"))),
        (COUNTED_IN,),
        anomalies=("departure_while_not_there",),
    ),
    Rule(
        "Admitted twice at one establishment",
        "Nobody enters where they are: no second ingreso; what the second admission declares is taken.",
        (ADMITTED, (7, 9, "admission", entry("ep-001", profile={"civil_status": "casado"}))),
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
        "An exit is missing. It is assumed at that instant as a correction, and the new admission counts. The cases that held "
        "the person at the first establishment hold no longer.",
        (ADMITTED, (7, 9, "admission", entry("ep-002", cases=[{"case": "c2", "offences": [charged("cp-188-robo")]}]))),
        (
            COUNTED_IN + " offence=cp-189-robo-agravado counterparty=",
            "7 custody correction ep-001 -1 flow +0 offence=cp-189-robo-agravado counterparty=ep-002",
            "7 custody admission ep-002 +1 flow +1 offence=cp-188-robo counterparty=",
        ),
        shows=("offence", "counterparty"),
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
        (ADMITTED, (20, 9, "death", at("ep-002"))),
        (COUNTED_IN, "20 custody death ep-001 -1 flow +1"),
        anomalies=("exit_from_elsewhere",),
    ),
    Rule(
        "Death after release",
        "The death is of somebody who is not inside: nothing is counted.",
        (ADMITTED, RELEASED, (25, 9, "death", at("ep-001"))),
        (COUNTED_IN, COUNTED_OUT),
        anomalies=("exit_while_not_inside",),
    ),
    Rule(
        "Entry after death",
        "The roll says the person is there, so the entry counts: one of the two facts is about somebody else.",
        (ADMITTED, (20, 9, "death", at("ep-001")), (25, 9, "admission", entry("ep-002"))),
        (COUNTED_IN, "20 custody death ep-001 -1 flow +1", "25 custody admission ep-002 +1 flow +1"),
        anomalies=("entered_after_death",),
    ),
    Rule(
        "Departure without arrival",
        f"The person stays in transit, on the roll of the origin. Once {TRANSIT_DAYS_MAX} days have passed since the departure "
        "it is shown to both ends, until a fact ends the transit: the arrival, another movement, or a correction of the "
        "departure. Time is that of the last moment recorded, so what was known then is the same for ever. An arrival that "
        "was in time, told within an hour of the late departure, resolves nothing: nobody was missing.",
        (ADMITTED, (9, 6, "transfer_departure", at("ep-001", destination="ep-002"))),
        (COUNTED_IN, "9 transit start ep-001 +1 flow +1"),
        anomalies=("departed_not_arrived",),
    ),
    Rule(
        "Arrival after the longest time",
        "It is a transfer like any other. Until it was told, the departure was shown as one without arrival; it resolves that.",
        (
            ADMITTED,
            (9, 6, "transfer_departure", at("ep-001", destination="ep-002")),
            (14, 18, "transfer_arrival", at("ep-002", origin="ep-001")),
        ),
        (
            COUNTED_IN,
            "14 custody transfer_out ep-001 -1 flow +1",
            "9 transit start ep-001 +1 flow +1",
            "14 transit end ep-001 -1 flow +1",
            "14 custody transfer_in ep-002 +1 flow +1",
        ),
    ),
    Rule(
        "Departed twice",
        "The first departure holds.",
        (
            ADMITTED,
            (9, 6, "transfer_departure", at("ep-001", destination="ep-002")),
            (9, 9, "transfer_departure", at("ep-001", destination="ep-003")),
        ),
        (COUNTED_IN + " counterparty=", "9 transit start ep-001 +1 flow +1 counterparty=ep-002"),
        shows=("counterparty",),
        anomalies=("departed_twice", "departed_not_arrived"),
    ),
    Rule(
        "Arrival elsewhere than announced",
        "The person is where the person arrived, and came from where the person was.",
        (
            ADMITTED,
            (9, 6, "transfer_departure", at("ep-001", destination="ep-002")),
            (9, 20, "transfer_arrival", at("ep-003", origin="ep-004")),
        ),
        (
            COUNTED_IN + " counterparty=",
            "9 custody transfer_out ep-001 -1 flow +1 counterparty=ep-003",
            "9 transit start ep-001 +1 flow +1 counterparty=ep-002",
            "9 transit end ep-001 -1 flow +1 counterparty=",
            "9 custody transfer_in ep-003 +1 flow +1 counterparty=ep-001",
        ),
        shows=("counterparty",),
        anomalies=("arrived_elsewhere",),
    ),
    Rule(
        "Arrival where the person already is",
        "Nothing is counted.",
        (ADMITTED, (9, 6, "transfer_arrival", at("ep-001", origin="ep-002"))),
        (COUNTED_IN,),
        anomalies=("arrival_where_already_is",),
    ),
    Rule(
        "Absence of somebody who is not inside",
        "Nothing is counted, neither at the start nor at the end.",
        (
            (8, 8, "absence_start", at("ep-001", reason="diligencia-judicial")),
            (8, 17, "absence_end", at("ep-001")),
        ),
        (),
        anomalies=("absent_while_not_inside", "returned_while_not_absent"),
    ),
    Rule(
        "Absent twice",
        "The first absence holds until a return is told.",
        (
            ADMITTED,
            (8, 8, "absence_start", at("ep-001", reason="diligencia-judicial")),
            (9, 8, "absence_start", at("ep-001", reason="atencion-medica")),
            (9, 17, "absence_end", at("ep-001")),
        ),
        (
            COUNTED_IN + " motive=nuevo-ingreso",
            "8 absence start ep-001 +1 flow +1 motive=diligencia-judicial",
            "9 absence end ep-001 -1 flow +1 motive=",
        ),
        shows=("motive",),
        anomalies=("absent_twice",),
    ),
    Rule(
        "A case that nobody opened",
        "A change of it opens it, if the change says the offences; its end ends nothing.",
        (
            ADMITTED,
            (6, 8, "case_closed", {"case": "c7"}),
            (7, 8, "case_changed", {"case": "c8", "sentence": {"months": 60}}),
            (8, 8, "case_changed", {"case": "c9", "offences": [charged("cp-108-asesinato")]}),
        ),
        (
            COUNTED_IN + " legal_status=procesado offence=cp-189-robo-agravado",
            "8 custody reclassification ep-001 -1 flow +0 legal_status=procesado offence=cp-189-robo-agravado",
            "8 custody reclassification ep-001 +1 flow +0 legal_status=procesado offence=cp-108-asesinato",
        ),
        shows=("legal_status", "offence"),
        anomalies=("closed_case_not_open", "changed_case_not_open", "changed_case_not_open"),
    ),
    Rule(
        "A child told twice",
        "A child counts once, where it was first said to be; the exit of a child that is not there counts nothing.",
        (
            (6, 9, "child_entry", at("ep-001", child="n1", sex="male", birth_date="2025-03-02")),
            (7, 9, "child_entry", at("ep-002", child="n1", sex="male", birth_date="2025-03-02")),
            (30, 9, "child_exit", at("ep-001", child="n1")),
            (31, 9, "child_exit", at("ep-001", child="n1")),
        ),
        ("6 child start ep-001 +1 flow +1", "30 child end ep-001 -1 flow +1"),
        anomalies=("child_entered_twice", "child_exit_while_not_inside"),
    ),
    Rule(
        "A supervision told twice, or never begun",
        "A second start changes nothing; change and end of a supervision that is not open count nothing.",
        (
            (3, 9, "supervision_start", SUPERVISED),
            (4, 9, "supervision_start", {**SUPERVISED, "unit": "ml-sur"}),
            (5, 9, "supervision_change", {"supervision": "s9", "state": "pasiva"}),
            (6, 9, "supervision_end", {"supervision": "s9", "cause": "pena-cumplida"}),
        ),
        ("3 supervision start ml-lima +1 flow +1",),
        anomalies=("supervision_started_twice", "supervision_not_open", "supervision_not_open"),
    ),
)
