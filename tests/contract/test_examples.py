"""Every kind of fact has an example; models and generated schemas agree about each."""

import json

import jsonschema
import pytest
from pydantic import ValidationError

from shared.contracts.facts import DATA, InboundFact
from tests.contract.examples import FOLDER, Refused, accepted, refused

SCHEMAS = FOLDER.parent / "schemas"
ONLY_INGEST_CAN_TELL = {"unknown_code", "in_the_future", "born_late", "not_yours", "names_a_person"}


def _schema_accepts(message: bytes) -> bool:
    content = json.loads(message)
    file = SCHEMAS / f"inbound/{content.get('type')}.json"
    if not file.exists():
        return False
    validator = jsonschema.Draft202012Validator(
        json.loads(file.read_text()), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return validator.is_valid(content)


def test_every_kind_has_an_example_in_a_folder_of_its_name():
    assert {f"siep.{name.split('/')[0]}.v1" for name in accepted()} == set(DATA)
    for name, message in accepted().items():
        assert json.loads(message)["type"] == f"siep.{name.split('/')[0]}.v1"


def test_examples_are_facts_of_their_own():
    identities = [(json.loads(message)["source"], json.loads(message)["id"]) for message in accepted().values()]
    assert len(set(identities)) == len(identities)


@pytest.mark.parametrize("name", accepted())
def test_a_good_example_fits_the_model_and_the_schema(name: str):
    message = accepted()[name]
    InboundFact.validate_json(message)
    assert _schema_accepts(message)


@pytest.mark.parametrize(("name", "case"), refused().items())
def test_a_bad_example_is_refused_by_the_model_unless_only_ingest_can_tell(name: str, case: Refused):
    if case.code in ONLY_INGEST_CAN_TELL:
        InboundFact.validate_json(case.message)
        assert _schema_accepts(case.message)
    else:
        with pytest.raises(ValidationError):
            InboundFact.validate_json(case.message)
        # That a sentence is months or life is a rule between two fields, which the schema does not state.
        assert _schema_accepts(case.message) == (case.code == "value_error")
