"""Nothing that was published as v1 breaks, and the test that says so finds what it must find."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.contracts.documents import json_schemas
from shared.reference.catalogue import load
from tests.contract.compatibility import breaking_changes
from tests.contract.examples import FOLDER

PUBLISHED = FOLDER.parent / "published/v1"
NAMES = sorted(file.relative_to(PUBLISHED).with_suffix("").as_posix() for file in PUBLISHED.rglob("*.json"))
Schema = dict[str, Any]


def _published(name: str) -> Schema:
    return json.loads((PUBLISHED / f"{name}.json").read_text())


def test_every_type_is_published_and_none_is_gone():
    """A type that is not published could break unseen: copy its schemas to `published` when it is first released."""
    assert set(NAMES) == set(json_schemas())


def test_no_published_code_is_gone():
    """`v1-codes.json` holds the codes of each catalogue as first released; later ones may be added to it."""
    published = json.loads((PUBLISHED.parent / "v1-codes.json").read_text())
    gone = {name: set(codes.split()) - set(load()[name]) for name, codes in published.items()}
    assert {name: codes for name, codes in gone.items() if codes} == {}
    assert published.keys() == load().by_name.keys()


@pytest.mark.parametrize("name", NAMES)
def test_no_published_schema_is_broken(name: str):
    assert breaking_changes(_published(name), json_schemas()[name], inbound=name.startswith("inbound/")) == []


def _data(schema: Schema) -> Schema:
    return schema["$defs"][schema["properties"]["data"]["$ref"].removeprefix("#/$defs/")]


def _remove_field(schema: Schema) -> None:
    del _data(schema)["properties"]["motive"]


def _rename_field(schema: Schema) -> None:
    properties = _data(schema)["properties"]
    properties["reason"] = properties.pop("motive")


def _require_field(schema: Schema) -> None:
    schema["required"].append("specversion")


def _narrow_enum(schema: Schema) -> None:
    schema["$defs"]["Person"]["properties"]["document"]["enum"].remove("passport")


def _narrow_pattern(schema: Schema) -> None:
    schema["properties"]["id"]["pattern"] = "^[a-z]+$"


def _lower_maximum(schema: Schema) -> None:
    _data(schema)["properties"]["declared_admissions"]["maximum"] = 50


def _shorten_list(schema: Schema) -> None:
    _data(schema)["properties"]["cases"]["maxItems"] = 3


def _refuse_null(schema: Schema) -> None:
    schema["$defs"]["Profile"]["properties"]["schooling"] = {"type": "string"}


def _narrow_an_alternative(schema: Schema) -> None:
    months = schema["$defs"]["Sentence"]["properties"]["months"]["anyOf"][0]
    months["maximum"] = 420


def _change_type(schema: Schema) -> None:
    schema["properties"]["id"]["type"] = "integer"


def _change_catalogue(schema: Schema) -> None:
    _data(schema)["properties"]["motive"]["x-catalogue"] = "authority"


def _change_const(schema: Schema) -> None:
    schema["properties"]["type"]["const"] = "siep.admission.v2"


@pytest.mark.parametrize(
    "plant",
    [
        _remove_field,
        _rename_field,
        _require_field,
        _narrow_enum,
        _narrow_pattern,
        _lower_maximum,
        _shorten_list,
        _refuse_null,
        _narrow_an_alternative,
        _change_type,
        _change_catalogue,
        _change_const,
    ],
)
def test_a_change_that_breaks_producers_is_found(plant: Callable[[Schema], None]):
    published = _published("inbound/siep.admission.v1")
    changed = copy.deepcopy(published)
    plant(changed)
    assert breaking_changes(published, changed, inbound=True)


def test_a_lost_case_of_a_union_is_found():
    published = _published("inbound/siep.amendment.v1")
    changed = copy.deepcopy(published)
    replacement = _data(changed)["properties"]["replacement"]
    replacement["oneOf"] = [case for case in replacement["oneOf"] if "Release" not in case["$ref"]]
    assert breaking_changes(published, changed, inbound=True)
    assert breaking_changes(changed, published, inbound=True) == []


def test_a_wider_inbound_schema_breaks_nobody():
    published = _published("inbound/siep.admission.v1")
    changed = copy.deepcopy(published)
    _data(changed)["properties"]["note"] = {"type": "string"}
    _data(changed)["required"].remove("motive")
    _data(changed)["properties"]["cases"]["maxItems"] = 100
    changed["$defs"]["Person"]["properties"]["document"]["enum"].append("birth_certificate")
    assert breaking_changes(published, changed, inbound=True) == []


def _recorded_field_gone(schema: Schema) -> None:
    del _data(schema)["properties"]["liberty_type"]


def _recorded_field_optional(schema: Schema) -> None:
    _data(schema)["required"].remove("liberty_type")


def _recorded_wider(schema: Schema) -> None:
    schema["properties"]["id"]["maxLength"] = 256


@pytest.mark.parametrize("plant", [_recorded_field_gone, _recorded_field_optional, _recorded_wider])
def test_a_change_that_breaks_consumers_is_found(plant: Callable[[Schema], None]):
    published = _published("recorded/siep.release.v1")
    changed = copy.deepcopy(published)
    plant(changed)
    assert breaking_changes(published, changed, inbound=False)


def test_a_new_recorded_field_breaks_nobody():
    published = _published("recorded/siep.release.v1")
    changed = copy.deepcopy(published)
    _data(changed)["properties"]["place"] = {"type": "string"}
    _data(changed)["required"].append("place")
    assert breaking_changes(published, changed, inbound=False) == []
