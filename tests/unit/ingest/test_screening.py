"""What becomes of a message, over all examples and over damage of all sorts."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.faults import MAX_FACT_BYTES
from services.ingest.screening import Refusal
from shared.contracts.documents import json_schemas
from shared.contracts.facts import DATA_INBOUND, QUARANTINED, RECORDED
from shared.contracts.mapping import decode
from shared.contracts.terms import IN_WORDS
from shared.contracts.topics import partition_of
from shared.ports import Outgoing
from shared.reference.catalogue import load
from tests.contract.compatibility import resolved
from tests.contract.examples import IDENTIFIERS, Refused, accepted, one_line, refused
from tests.unit.ingest.screened import NOW, SCREEN, TOKENS, changed, screen, taken
from tests.unit.ingest.test_reading import _damaged


@pytest.mark.parametrize("name", accepted())
def test_an_example_is_accepted_tokenised_and_readable_by_the_aggregator(name: str):
    message = accepted()[name]
    result = screen(message)
    assert isinstance(result, Outgoing), result
    recorded, sent = json.loads(result.value), json.loads(message)
    RECORDED[recorded["type"]].model_validate_json(result.value)
    assert not IDENTIFIERS.search(result.value.decode())
    assert "person" not in recorded["data"]
    assert {key: recorded[key] for key in ("id", "source", "type")} == {
        key: sent[key] for key in ("id", "source", "type")
    }
    assert datetime.fromisoformat(recorded["time"]) == datetime.fromisoformat(sent["time"])
    assert (result.key.decode(), result.partition) == (recorded["subject"], partition_of(recorded["subject"]))
    assert decode(result.value).fact is not None


def test_the_subject_is_the_person_the_establishment_or_the_country():
    person = taken(accepted()["release/acquitted"])
    assert person["subject"] == TOKENS.person("dni", "00000017")
    assert taken(accepted()["headcount/both-sexes"])["subject"] == "ep-036"
    assert taken(accepted()["capacity/enlarged"])["subject"] == "ep-066"
    assert taken(accepted()["population_reference/country"])["subject"] == "inpe"
    assert taken(accepted()["period_close/february"])["subject"] == "inpe"


def test_identifiers_become_tokens_of_their_kind_wherever_they_stand():
    merge = taken(accepted()["identity_merge/passport-is-a-dni"])["data"]
    assert merge == {"other": TOKENS.person("dni", "00000033")}
    case = "00077-2026-0-1801-JR-PE-05"
    assert taken(accepted()["case_closed/first-case"])["data"] == {"case": TOKENS.token("case", case)}
    amended = taken(accepted()["amendment/residence-was-another"])["data"]["replacement"]["data"]
    assert amended["cases"][0]["case"] == TOKENS.token("case", case)
    assert taken(accepted()["headcount/both-sexes"])["data"]["signed_by"] == TOKENS.token("official", "alcaide-0412")


def test_offences_carry_the_gravity_of_the_catalogue_whatever_was_sent():
    message = changed("admission/woman-on-trial", data__cases__0__offences__0__rank=1)
    [offence] = taken(message)["data"]["cases"][0]["offences"]
    assert offence["rank"] == load()["offence"]["cp-296-trafico-de-drogas"].rank != 1


def test_what_is_null_was_not_said():
    message = changed("release/acquitted", data__motive=None)
    assert "motive" not in taken(message)["data"]


@pytest.mark.parametrize("fact_type", DATA_INBOUND)
def test_every_field_that_may_be_absent_may_be_null(fact_type: str):
    name, message = next((name, m) for name, m in accepted().items() if json.loads(m)["type"] == fact_type)
    sent = json.loads(message)["data"]
    fields = DATA_INBOUND[fact_type].model_fields
    nullable = {field: None for field, info in fields.items() if info.default is None}
    without = {field: value for field, value in sent.items() if field not in nullable}
    assert taken(changed(name, data=without | nullable)) == taken(changed(name, data=without))


@pytest.mark.parametrize(("name", "case"), refused().items())
def test_a_bad_example_is_refused_as_it_says(name: str, case: Refused):
    result = screen(case.message)
    assert isinstance(result, Refusal)
    assert (result.outcome, result.fault.field, result.fault.code) == (case.outcome, case.field, case.code)
    assert result.fault.expected
    assert not IDENTIFIERS.search(repr(result.fault))
    assert (result.record is None) == (case.outcome == "rejected")
    if result.record:
        recorded = json.loads(result.record.value)
        RECORDED[QUARANTINED].model_validate_json(result.record.value)
        assert not IDENTIFIERS.search(result.record.value.decode())
        assert ("payload" in recorded["data"]) == (case.code == "unknown_code")
        assert decode(result.record.value).fact is None


def test_a_quarantined_fact_keeps_its_identity_and_its_subject():
    result = screen(refused()["unknown-code"].message)
    assert isinstance(result, Refusal)
    assert result.record
    recorded = json.loads(result.record.value)
    assert (recorded["source"], recorded["id"]) == ("ep-022", "x-000001")
    assert recorded["subject"] == TOKENS.person("dni", "00000017") == result.record.key.decode()
    assert recorded["data"]["original_type"] == "siep.release.v1"


def test_an_unknown_code_is_answered_with_the_nearest_known_ones():
    result = screen(refused()["unknown-offence-deep-inside"].message)
    assert isinstance(result, Refusal)
    assert "nearest known: cp-188-robo" in result.fault.expected
    assert load().version in result.fault.expected
    assert "cp-188-roboo" not in result.fault.expected


def _expected(message: bytes) -> str:
    result = screen(message)
    assert isinstance(result, Refusal)
    return result.fault.expected


def test_a_short_catalogue_is_told_whole_and_a_long_one_says_where_it_can_be_read():
    short = _expected(changed("profile_change/schooling", data__profile={"civil_status": "complicado"}))
    assert short.endswith(f"there are: {', '.join(load()['civil_status'])}")
    long = _expected(changed("profile_change/schooling", data__profile={"residence": "999999"}))
    assert 'GraphQL `catalogue(name: "place")`' in long


def test_a_code_of_another_form_is_told_its_form_and_what_there_is():
    told = _expected(changed("profile_change/schooling", data__profile={"civil_status": "Soltera"}))
    assert told.startswith("a code: up to 64 lower-case letters")
    assert "soltero" in told


def test_every_pattern_is_told_in_words():
    schemas = [json.dumps(schema) for name, schema in json_schemas().items() if name.startswith("inbound/")]
    patterns = {json.loads(found) for text in schemas for found in re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', text)}
    assert patterns - {r"^[0-9]{8}$"} <= IN_WORDS.keys()  # a DNI has words of its own
    assert "day" in _expected(changed("profile_change/schooling", data__profile={"birth_date": "3/2/1990"}))
    assert "offset" in _expected(changed("release/acquitted", time="2026-02-03 10:00"))


def test_an_unknown_field_is_named_with_those_that_look_like_it_unless_it_may_be_a_document():
    result = screen(changed("profile_change/schooling", data__profile={"birthdate": "1990-02-03"}))
    assert isinstance(result, Refusal)
    assert result.fault.field == "data.profile.birthdate"
    assert "nearest: birth_date" in result.fault.expected
    for name in ("00000017", "siep.release.v1", "PE00000017", "Juana Quispe", "x" * 41):
        result = screen(changed("profile_change/schooling", **{f"data__{name}": 1}))
        assert isinstance(result, Refusal)
        assert result.fault.field == "data"
        assert name not in repr(result.fault)


def test_an_unknown_field_beside_the_data_is_refused_too():
    for name in ("subject", "siep.release.v1", "00000017"):
        result = screen(one_line({**json.loads(accepted()["release/acquitted"]), name: "00000017"}))
        assert isinstance(result, Refusal)
        assert (result.fault.field, result.fault.code) == (name if name == "subject" else "", "extra_forbidden")


def test_all_that_is_wrong_is_told_at_once_as_far_as_people_read():
    profile = {"sex": "F", "birth_date": "hace tiempo", "civil_status": "complicado"}
    told = _expected(changed("profile_change/schooling", data__profile=profile))
    assert all(name in told for name in ("'male' or 'female'", "data.profile.birth_date", "data.profile.civil_status"))
    told = _expected(changed("release/acquitted", data__person={"document": "DNI", "number": "1"}))
    assert "and in data.person.number: 4 to 20" in told
    many = [{"code": f"none-{number}"} for number in range(50)]
    assert _expected(changed("case_opened/second-case", data__offences=many)).count("cp-") < 4 * 5


def test_a_code_that_is_no_code_at_all_breaks_nothing():
    for junk in (5, [], {}, True, "x" * 100_000):
        assert "civil_status" in repr(screen(changed("profile_change/schooling", data__profile={"civil_status": junk})))


NO_CODES = ("zz-9", "ZZ", "999999")
"""One of each form that codes have, and in no catalogue."""


def _leaves(node: Any, path: str = "data") -> Iterator[str]:
    if isinstance(node, str):
        yield path
    for name, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from _leaves(value, f"{path}__{name}")


def _coded(schema: dict[str, Any], path: str = "data") -> Iterator[str]:
    """Where the contract has codes of catalogues; list indexes are left out."""
    if "x-catalogue" in schema:
        yield path
    for case in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *filter(None, [schema.get("items")])):
        yield from _coded(case, path)
    for name, value in schema.get("properties", {}).items():
        yield from _coded(value, f"{path}.{name}")


PROFILE = {
    "nationality": "VE",
    "schooling": "analfabeto",
    "civil_status": "soltero",
    "occupation": "oficios",
    "residence": "150101",
}
SAYING_ALL = {
    "profile_change/schooling": {"data__profile": PROFILE},
    "supervision_start/semi-liberty": {"data__profile": PROFILE},
    "supervision_change/attending": {"data__unit": "ml-lima", "data__service": "semilibertad"},
}
"""What these examples leave out and may say."""


def _their_own(kind: str, path: str) -> bool:
    """Whether the code must be the speaker's own: then another one is rejected, whether it exists or not."""
    return path == "data.establishment" or (kind, path) == ("supervision_start", "data.unit")


def test_an_unknown_code_is_quarantined_wherever_the_contract_has_codes():
    found: set[tuple[str, str]] = set()
    for name in accepted():
        message = changed(name, **SAYING_ALL.get(name, {}))
        assert isinstance(screen(message), Outgoing)
        for path, code in product(_leaves(json.loads(message)["data"]), NO_CODES):
            result = screen(changed(name, **{**SAYING_ALL.get(name, {}), path: code}))
            if isinstance(result, Refusal) and result.fault.code == "unknown_code":
                assert (result.outcome, result.fault.field) == ("quarantined", path.replace("__", "."))
                found.add((name.split("/")[0], re.sub(r"__\d+", "", path).replace("__", ".")))
    schemas = {name.split(".")[1]: resolved(s) for name, s in json_schemas().items() if name.startswith("inbound/")}
    coded = {(kind, path) for kind, schema in schemas.items() for path in _coded(schema["properties"]["data"])}
    assert found <= coded
    unseen = {(kind, path) for kind, path in coded - found if not _their_own(kind, path)}
    assert {kind for kind, _ in unseen} == {"amendment"}, "a field whose codes are not looked up"
    assert any(kind == "amendment" for kind, _ in found)


def test_a_payload_that_is_wrong_in_two_ways_is_not_kept():
    message = changed("release/acquitted", data__liberty_type="absuelto", time="2099-01-01T00:00:00Z")
    result = screen(message)
    assert isinstance(result, Refusal)
    assert result.record
    assert "payload" not in json.loads(result.record.value)["data"]


@pytest.mark.parametrize(
    ("ahead", "accepted_"), [(timedelta(minutes=5), True), (timedelta(minutes=5, seconds=1), False)]
)
@pytest.mark.parametrize("offset", ["-12:00", "-05:00", "+00:00", "+14:00"])
def test_time_is_at_most_five_minutes_ahead_in_whatever_offset_it_is_told(
    ahead: timedelta, accepted_: bool, offset: str
):
    moment = (NOW + ahead).astimezone(datetime.fromisoformat(f"2026-01-01T00:00:00{offset}").tzinfo)
    result = screen(changed("release/acquitted", time=moment.isoformat()))
    assert isinstance(result, Outgoing) == accepted_


@pytest.mark.parametrize("speaker", ["ep-045", "inpe", "ep-02", None])
def test_a_key_speaks_for_its_owner_only(speaker: str | None):
    result = SCREEN.screen(accepted()["release/acquitted"], speaker, NOW)
    assert isinstance(result, Refusal)
    assert (result.outcome, result.fault.field, result.fault.code) == ("rejected", "source", "not_yours")


@pytest.mark.parametrize("name", ["transfer_departure/to-huaral", "transfer_arrival/from-lurigancho"])
def test_the_other_end_of_a_transfer_may_be_named(name: str):
    assert isinstance(screen(accepted()[name]), Outgoing)


def test_a_unit_supervises_for_itself():
    result = screen(changed("supervision_start/semi-liberty", data__unit="ml-sur"))
    assert isinstance(result, Refusal)
    assert (result.outcome, result.fault.field) == ("rejected", "data.unit")


def test_an_amendment_speaks_for_its_author_inside_too():
    result = screen(changed("amendment/residence-was-another", data__replacement__data__establishment="ep-045"))
    assert isinstance(result, Refusal)
    assert (result.outcome, result.fault.field) == ("rejected", "data.replacement.data.establishment")


def test_a_short_number_may_stand_in_an_id_by_chance():
    message = changed("release/acquitted", data__person={"document": "inpe", "number": "0000"}, id="free-000001")
    assert isinstance(screen(message), Outgoing)


@pytest.mark.parametrize(
    "message", [b"", b"not json", b"\xff\xfe", b"[]", b"null", b"7", b'"text"', b"{}", b'{"source":']
)
def test_what_is_no_fact_is_rejected(message: bytes):
    result = SCREEN.screen(message, "ep-022", NOW)
    assert isinstance(result, Refusal)
    assert result.outcome == "rejected"


def test_a_fact_may_be_so_long_and_no_longer():
    padding = " " * (MAX_FACT_BYTES - len(accepted()["release/acquitted"]))
    assert isinstance(screen(accepted()["release/acquitted"] + padding.encode()), Outgoing)
    result = screen(accepted()["release/acquitted"] + padding.encode() + b" ")
    assert isinstance(result, Refusal)
    assert (result.outcome, result.fault.code) == ("rejected", "too_large")


@given(_damaged())
def test_no_damage_breaks_it_and_nothing_sent_is_repeated(message: bytes):
    result = screen(message, "ep-022")
    text = repr(result.fault) if isinstance(result, Refusal) else ""
    kept = result.record if isinstance(result, Refusal) else result
    assert not IDENTIFIERS.search(text)
    if kept:
        recorded = json.loads(kept.value)
        RECORDED[recorded["type"]].model_validate_json(kept.value)
        decode(kept.value)
        assert kept.partition == partition_of(kept.key.decode())


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda s: (
            st.lists(s, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["id", "source", "type", "time", "data", "person", "establishment", "target", "replacement"]
                ),
                s,
                max_size=6,
            )
        ),
    )
)
def test_no_json_breaks_it(value: Any):
    assert isinstance(SCREEN.screen(json.dumps(value).encode(), "ep-022", NOW), Refusal)


@given(st.binary(max_size=64))
def test_no_bytes_break_it(message: bytes):
    assert isinstance(SCREEN.screen(message, "ep-022", NOW), Refusal)


def test_a_reference_fact_with_a_person_in_it_is_refused_without_trouble():
    for person in ({}, [], "x", {"document": "dni"}, None):
        result = screen(changed("headcount/both-sexes", data__person=person))
        assert isinstance(result, Refusal)
        assert result.outcome == "quarantined"


def test_the_same_message_leaves_the_same_bytes():
    message = accepted()["roll_opening/sentenced-man"]
    first, second = screen(message), screen(message)
    assert first == second
    assert orjson.loads(first.value)  # type: ignore[union-attr]
