"""What is counted about a person: attributes, cases and sentences, and the moment whose attributes count."""

from __future__ import annotations

from tests.spec.rule import ADMITTED, COUNTED_IN, RELEASED, Rule, charged, entry

RULES = (
    Rule(
        "Sentenced",
        "Sentenciado if a sentence is in force; sentenciado-procesado while another case detains without one; else "
        "procesado. The change is a reclassification: one out of the old cell, one into the new.",
        (
            ADMITTED,
            (8, 12, "case_changed", {"case": "c1", "sentence": {"months": 60}}),
            (9, 12, "case_opened", {"case": "c2", "offences": [charged("cp-108-asesinato")]}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 legal_status=procesado offence=cp-189-robo-agravado sentence_months=0",
            "8 custody reclassification ep-001 -1 flow +0 legal_status=procesado offence=cp-189-robo-agravado sentence_months=0",
            "8 custody reclassification ep-001 +1 flow +0 legal_status=sentenciado offence=cp-189-robo-agravado sentence_months=61",
            "9 custody reclassification ep-001 -1 flow +0 legal_status=sentenciado offence=cp-189-robo-agravado sentence_months=61",
            (
                "9 custody reclassification ep-001 +1 flow +0 legal_status=sentenciado-procesado offence=cp-108-asesinato "
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
                entry(
                    "ep-001",
                    cases=[
                        {"case": "c1", "offences": [charged("cp-189-robo-agravado"), charged("cp-108-asesinato")]},
                        {"case": "c2", "offences": [charged("cp-149-obligacion-alimentaria", main=True)]},
                    ],
                ),
            ),
            (6, 10, "case_closed", {"case": "c2"}),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 offence=cp-149-obligacion-alimentaria",
            "6 custody reclassification ep-001 -1 flow +0 offence=cp-149-obligacion-alimentaria",
            "6 custody reclassification ep-001 +1 flow +0 offence=cp-108-asesinato",
        ),
        shows=("offence",),
    ),
    Rule(
        "Offences of one gravity",
        "Of offences that are equally grave the one declared first counts.",
        (
            (5, 10, "admission", entry("ep-001", cases=[{"case": "c1", "offences": [charged("cp-108-asesinato")]}])),
            (6, 10, "case_opened", {"case": "c2", "offences": [charged("cp-107-parricidio")]}),
        ),
        (f"{COUNTED_IN} offence=cp-108-asesinato",),
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
                {
                    "case": "c2",
                    "offences": [charged("cp-296-trafico-de-drogas")],
                    "sentence": {"months": 120, "joined": True},
                },
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
        "Life and attempts",
        "Life imprisonment is longer than any number of months. Attempted or completed is that of the main offence.",
        (
            (
                5,
                10,
                "admission",
                entry("ep-001", cases=[{"case": "c1", "offences": [charged("cp-108-asesinato", attempt=True)]}]),
            ),
            (8, 1, "case_changed", {"case": "c1", "sentence": {"months": 1200}}),
            (
                9,
                1,
                "case_opened",
                {"case": "c2", "offences": [charged("cp-173-violacion-de-menor")], "sentence": {"life": True}},
            ),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 attempt=1 sentence_months=0",
            "8 custody reclassification ep-001 -1 flow +0 attempt=1 sentence_months=0",
            "8 custody reclassification ep-001 +1 flow +0 attempt=1 sentence_months=1201",
            "9 custody reclassification ep-001 -1 flow +0 attempt=1 sentence_months=1201",
            "9 custody reclassification ep-001 +1 flow +0 attempt=0 sentence_months=65535",
        ),
        shows=("attempt", "sentence_months"),
    ),
    Rule(
        "A case that changes",
        "What a change leaves out stays: new offences keep the sentence, a new sentence keeps the offences.",
        (
            ADMITTED,
            (8, 1, "case_changed", {"case": "c1", "sentence": {"months": 60}}),
            (9, 1, "case_changed", {"case": "c1", "offences": [charged("cp-188-robo")]}),
        ),
        (
            f"{COUNTED_IN} offence=cp-189-robo-agravado sentence_months=0",
            "8 custody reclassification ep-001 -1 flow +0 offence=cp-189-robo-agravado sentence_months=0",
            "8 custody reclassification ep-001 +1 flow +0 offence=cp-189-robo-agravado sentence_months=61",
            "9 custody reclassification ep-001 -1 flow +0 offence=cp-189-robo-agravado sentence_months=61",
            "9 custody reclassification ep-001 +1 flow +0 offence=cp-188-robo sentence_months=61",
        ),
        shows=("offence", "sentence_months"),
    ),
    Rule(
        "Cases end with the exit",
        "The cases that held a person hold no longer once the person has left; attributes of the person stay known.",
        (
            (5, 10, "admission", entry("ep-001", cases=[{"case": "c1", "offences": [charged("cp-108-asesinato")]}])),
            RELEASED,
            (
                25,
                8,
                "admission",
                entry("ep-002", profile={}, cases=[{"case": "c2", "offences": [charged("cp-188-robo")]}]),
            ),
        ),
        (
            "5 custody admission ep-001 +1 flow +1 offence=cp-108-asesinato sex=male",
            "20 custody release ep-001 -1 flow +1 offence=cp-108-asesinato sex=male",
            "25 custody admission ep-002 +1 flow +1 offence=cp-188-robo sex=male",
        ),
        shows=("offence", "sex"),
    ),
    Rule(
        "Age",
        "The ledger holds the month of birth, as months since January of the year 0, never an age. Age in whole years "
        "follows when a figure is asked, and turns on the first day of the month of birth. A fact that tells of a birth "
        "after itself, or of somebody held before the age of 14, is put in quarantine.",
        ((5, 10, "admission", entry("ep-001", profile={"sex": "male", "birth_date": "1990-02-03"})),),
        ("5 custody admission ep-001 +1 flow +1 birth_month=23881",),
        shows=("birth_month",),
    ),
)
