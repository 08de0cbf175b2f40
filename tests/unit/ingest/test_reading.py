"""Reading into dictionaries refuses and takes exactly what the models do."""

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.ingest.reading import UNKNOWN_CODE, Reader
from shared.contracts.facts import InboundFact
from shared.reference.catalogue import load
from tests.contract.examples import accepted, one_line, refused

READER = Reader()
STRICT = Reader(load())
JUNK = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, "", "x", "ep-001", "2026-01-01", "19990101", "Ñ", [], {}, [{}], {"months": 3}]
)


def _errors(message: bytes, read: Any) -> list[tuple[Any, ...]]:
    try:
        read(message)
    except ValidationError as error:
        # A dictionary where a model was: the only difference in what is said.
        return [(detail["loc"], detail["type"].replace("model_type", "dict_type")) for detail in error.errors()]
    return []


@pytest.mark.parametrize("message", [*accepted().values(), *(case.message for case in refused().values())])
def test_examples_fare_the_same(message: bytes):
    assert _errors(message, READER.read) == _errors(message, InboundFact.validate_json)


@st.composite
def _damaged(draw: st.DrawFn) -> bytes:
    """An example with some things in it deleted, replaced or added."""
    fact = json.loads(draw(st.sampled_from(sorted(accepted().values()))))
    for _ in range(draw(st.integers(1, 3))):
        node = draw(st.sampled_from(_objects(fact)))
        name = draw(st.sampled_from([*sorted(node), "extra"]))
        if name in node and draw(st.booleans()):
            del node[name]
        else:
            node[name] = copy.deepcopy(draw(JUNK))
    return one_line(fact)


def _objects(node: Any) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [found for item in node for found in _objects(item)]
    if not isinstance(node, dict):
        return []
    return [node, *(found for value in node.values() for found in _objects(value))]


@given(_damaged())
def test_damaged_messages_fare_the_same(message: bytes):
    assert _errors(message, READER.read) == _errors(message, InboundFact.validate_json)


@given(_damaged())
def test_catalogues_only_add_refusals_of_codes(message: bytes):
    errors = _errors(message, STRICT.read)
    if not _errors(message, READER.read):
        assert {code for _, code in errors} <= {UNKNOWN_CODE}
    else:
        assert errors


def test_defaults_stay_unsaid_and_what_was_said_is_kept():
    message = accepted()["admission/woman-on-trial"]
    assert json.loads(json.dumps(READER.read(message), default=str)).keys() == json.loads(message).keys()
    assert "declared_admissions" not in READER.read(message)["data"]
    assert READER.read(message)["data"]["cases"] == json.loads(message)["data"]["cases"]


@pytest.mark.parametrize("count", [True, "31", 31.0, 31.5])
def test_nothing_is_converted_however_deep_it_stands(count: Any):
    message = json.loads(accepted()["headcount/both-sexes"])
    message["data"]["counted"][0]["absent"] = count
    assert [code for _, code in _errors(one_line(message), READER.read)] == ["int_type"]
