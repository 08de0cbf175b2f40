"""What a row becomes: the fact that the door takes, and an id that gives nobody away."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.producer.facts import Facts, Row
from clients.producer.faults import Fault
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.ports import Outgoing
from shared.reference.catalogue import load
from tests.contract.examples import IDENTIFIERS, accepted, refused

KEY = "one-key-of-the-establishment"
SITE = Facts("ep-022", KEY)
SCREEN = Screen(load(), Tokeniser(b"k" * 32))
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ELSE = {"amends-another", "another-establishment", "far-ahead", "person-fact-from-inpe", "reference-data-from-a-prison"}
"""Who may say what about whom, and what time it is, ingest alone decides."""
MALFORMED = sorted(refused().keys() - ELSE - {"no-id", "no-source"})  # the kit fills these in
OF_ESTABLISHMENTS = {name: message for name, message in accepted().items() if json.loads(message)["source"] != "inpe"}


def made(said: dict[str, Any], facts: Facts | None = None) -> Row:
    row = (facts or SITE).row(said)
    assert isinstance(row, Row), row
    return row


def release(
    number: str = "00000017", time: str = "2026-02-03T17:05:00-05:00", document: str = "dni", **said: Any
) -> dict[str, Any]:
    person = {"document": document, "number": number}
    return {"type": "siep.release.v1", "time": time, "data": {"person": person, "liberty_type": "indulto"}, **said}


@pytest.mark.parametrize("name", OF_ESTABLISHMENTS)
@pytest.mark.parametrize("own_id", [True, False])
def test_the_door_takes_what_the_kit_made(name: str, own_id: bool):
    said = json.loads(OF_ESTABLISHMENTS[name])
    source = said["source"]
    plain = {key: value for key, value in said.items() if own_id or key != "id"}
    row = made(plain, Facts(source, KEY))
    assert isinstance(SCREEN.screen(row.content, source, NOW), Outgoing)
    assert not own_id or row.id == said["id"]


@pytest.mark.parametrize("name", MALFORMED)
def test_what_the_door_refuses_for_its_form_is_not_taken(name: str):
    case = refused()[name]
    fault = Facts("ep-022", KEY).row(json.loads(case.message))
    assert isinstance(fault, Fault), fault
    assert (fault.field, fault.code) == (case.field, case.code)
    assert not IDENTIFIERS.search(str(fault))


def test_a_fact_of_another_establishment_is_not_taken():
    assert SITE.row(release(source="ep-045")) == ("source", "not_yours", "debe ser el código de este establecimiento")


@given(st.from_regex(r"[A-Za-z0-9][A-Za-z0-9-]{3,19}", fullmatch=True), st.binary(min_size=8))
def test_no_document_can_stand_in_a_derived_id(number: str, key: bytes):
    row = made(release(number, document="passport"), Facts("ep-022", key.hex()))
    assert not any(letter.isdigit() for letter in row.id)
    assert number not in row.id


OFFSETS = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
MOMENTS = st.datetimes(datetime(1996, 1, 1), datetime(2026, 11, 1), timezones=OFFSETS)  # noqa: DTZ001 - without, as asked


@given(MOMENTS, OFFSETS)
def test_one_moment_is_one_fact_wherever_its_clock_stood(moment: datetime, elsewhere: timezone):
    times = (moment.isoformat(), moment.astimezone(elsewhere).isoformat())
    first, second = (made(release(time=time)) for time in times)
    assert first == second


def test_another_way_to_write_a_document_is_the_same_person():
    ways = [release("xx-0000333", document="passport"), release("XX0000333", document="passport")]
    assert len({made(way).id for way in ways}) == 1


@pytest.mark.parametrize(
    "other",
    [
        release("00000018"),
        release(time="2026-02-03T17:05:01-05:00"),
        release(type="siep.death.v1", data={"person": {"document": "dni", "number": "00000017"}}),
        release(data={"person": {"document": "inpe", "number": "00000017"}, "liberty_type": "indulto"}),
    ],
)
def test_another_kind_person_or_time_is_another_fact(other: dict[str, Any]):
    assert made(other).id != made(release()).id


def test_two_machines_with_the_same_key_make_the_same_row_and_another_key_another_id():
    assert made(release()) == made(release(), Facts("ep-022", KEY))
    assert made(release()).id != made(release(), Facts("ep-022", "another key of this site")).id
    assert made(release()).id != made(release(), Facts("ep-045", KEY)).id


def test_content_differs_where_the_id_does_not():
    other = release()
    other["data"] = {**other["data"], "liberty_type": "absolucion"}
    assert made(other).id == made(release()).id
    assert made(other).content != made(release()).content
    assert made(other).digest != made(release()).digest


@pytest.mark.parametrize("said", [{"data": {**release()["data"], "number": "00000017"}}, {"00000017": 1}])
def test_the_name_of_an_unknown_field_is_not_repeated(said: dict[str, Any]):
    fault = SITE.row({**release(), **said})
    assert isinstance(fault, Fault)
    assert fault.code == "extra_forbidden"
    assert "00000017" not in str(fault)


def test_what_may_stand_there_is_told_and_all_that_is_wrong_at_once():
    profile = {"sex": "F", "civil_status": "complicado", "birth_date": "hace tiempo", "birthdate": "1990-01-01"}
    said = release(type="siep.profile_change.v1")
    fault = SITE.row({**said, "data": {"person": said["data"]["person"], "profile": profile}})
    assert isinstance(fault, Fault)
    assert fault.field == "data.profile.sex"
    assert fault.expected == (
        "debe ser uno de: Hombre [male], Mujer [female]; y en Fecha de nacimiento: no tiene la forma de este dato. "
        "Como 2001-12-31; y en data.profile.birthdate: el contrato no tiene este dato aquí: quítelo o corrija su nombre"
    )
    unknown = SITE.row({**said, "data": {"person": said["data"]["person"], "profile": {"civil_status": "complicado"}}})
    assert isinstance(unknown, Fault)
    assert unknown.code == "unknown_code"
    assert unknown.expected.startswith("debe ser uno de: Soltero [soltero], Conviviente [conviviente]")
