"""Who a person can be: the number of a document, and a birth that fits the time of the fact."""

import json

import pytest

from services.ingest.screening import Refusal
from shared.ports import Outgoing
from tests.contract.examples import accepted
from tests.unit.ingest.screened import changed, screen


@pytest.mark.parametrize(
    ("document", "number", "taken"),
    [
        ("dni", "00000017", True),
        ("dni", "0000017", False),
        ("dni", "17", False),
        ("dni", "000000017", False),
        ("dni", "0000-0017", False),
        ("dni", "A0000017", False),
        ("foreigner_card", "0000017", True),
        ("passport", "0000017", True),
        ("inpe", "0017", True),
    ],
)
def test_a_dni_has_eight_digits_and_other_documents_as_many_as_they_have(document: str, number: str, taken: bool):
    result = screen(changed("release/acquitted", data__person={"document": document, "number": number}))
    assert isinstance(result, Outgoing) == taken
    assert taken or (result.outcome, result.fault.field) == ("rejected", "data.person.number")  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("born", "time", "taken"),
    [
        ("2012-02-03", "2026-02-03T00:00:00-05:00", True),  # fourteen on this very day
        ("2012-02-03", "2026-02-02T23:59:59-05:00", False),
        ("2012-02-03", "2026-02-03T04:59:59Z", False),  # in Lima it is still the day before
        ("2012-02-29", "2026-03-01T00:00:00-05:00", True),
        ("2012-02-29", "2026-02-28T23:59:59-05:00", False),
        ("2012-01-01", "2026-01-01T04:59:59Z", False),  # in Lima it is still the year before
        ("2011-12-31", "2026-01-01T00:00:00Z", True),
        ("2026-02-04", "2026-02-03T10:00:00-05:00", False),
        ("1931-02-04", "2026-02-03T10:00:00-05:00", True),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        "admission/woman-on-trial",
        "roll_opening/sentenced-man",
        "profile_change/schooling",
        "supervision_start/semi-liberty",
        "amendment/residence-was-another",
    ],
)
def test_who_is_held_was_born_fourteen_years_before_what_is_told(name: str, born: str, time: str, taken: bool):
    at = "data__replacement__" if name.startswith("amendment") else ""
    told = json.loads(accepted()[name])["data"]
    profile = (told["replacement"]["data"] if at else told).get("profile", {}) | {"birth_date": born}
    result = screen(changed(name, **{f"{at}data__profile": profile, f"{at}time": time}))
    assert isinstance(result, Outgoing) == taken
    if isinstance(result, Refusal):
        field = f"{at}data__profile__birth_date".replace("__", ".")
        assert (result.outcome, result.fault.field, result.fault.code) == ("quarantined", field, "born_late")


@pytest.mark.parametrize(("born", "taken"), [("2026-02-03", True), ("2026-02-04", False)])
def test_a_child_comes_in_on_the_day_of_its_birth_or_later(born: str, taken: bool):
    result = screen(changed("child_entry/daughter", data__birth_date=born))
    assert isinstance(result, Outgoing) == taken


def test_a_late_birth_is_told_before_an_unknown_code_and_no_payload_is_kept():
    profile = {"birth_date": "2026-01-01", "schooling": "none-such"}
    result = screen(changed("profile_change/schooling", data__profile=profile))
    assert isinstance(result, Refusal)
    assert result.record
    assert "payload" not in json.loads(result.record.value)["data"]
    assert result.fault.code == "born_late"
