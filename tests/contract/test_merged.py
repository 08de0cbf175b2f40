"""What aggregators tell each other, as it stands in the log: by hand, as the code writes it, and as the schemas say."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from shared.contracts.facts import MERGE_NOTICE, MOVED, RECORDED
from shared.contracts.mapping import decode, merge_notice, moved
from shared.domain.facts import Fact
from tests.contract.examples import FOLDER
from tests.support.logs import message, token

RECORDED_AT_MS = 1_768_057_200_250
ENVELOPE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "3:17",
    "source": "siep",
    "time": "2026-01-10T15:00:00.250+00:00",
    "datacontenttype": "application/json",
    "subject": token(1),
}
ESCAPE = Fact("ep-001", "e1", "escape", 1_767_971_100_000, {"establishment": "ep-001"})
HISTORY: dict[str, Any] = ENVELOPE | {
    "type": "siep.moved.v1",
    "data": {
        "facts": [
            {
                "source": "ep-001",
                "id": "e1",
                "type": "siep.escape.v1",
                "time": "2026-01-09T15:05:00+00:00",
                "data": {"establishment": "ep-001"},
            }
        ]
    },
}
NOTICE: dict[str, Any] = ENVELOPE | {"type": "siep.merge_notice.v1", "data": {"other": token(2)}}


def fits(content: dict[str, Any]) -> bool:
    RECORDED[content["type"]].model_validate_json(json.dumps(content))
    schema = json.loads((FOLDER.parent / f"schemas/recorded/{content['type']}.json").read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema).is_valid(content)


def test_the_examples_fit_the_schemas() -> None:
    assert (HISTORY["type"], NOTICE["type"]) == (MOVED, MERGE_NOTICE)
    assert fits(HISTORY)
    assert fits(NOTICE)


def test_a_history_is_written_and_read_so() -> None:
    value = moved("3:17", token(1), RECORDED_AT_MS, [message(ESCAPE, token(1))])
    assert json.loads(value) == HISTORY
    assert decode(value).fact == Fact("siep", "3:17", "moved", RECORDED_AT_MS, {"facts": [list(ESCAPE)]})


def test_a_notice_is_written_and_read_so() -> None:
    value = merge_notice("3:17", token(1), RECORDED_AT_MS, token(2))
    assert json.loads(value) == NOTICE
    assert decode(value).fact == Fact("siep", "3:17", "merge_notice", RECORDED_AT_MS, {"other": token(2)})
