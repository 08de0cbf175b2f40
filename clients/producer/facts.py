"""From what somebody wrote to the fact that will be sent: checked by the contract, with its id, as its only bytes.

**The derived id.** A row without an id gets one from (source, kind, person, time), so that the same row typed into two
machines of one establishment is one fact. It must not give the document away: the log keeps it for ever, and a plain
hash of an eight-digit number is found by trying all of them. It is an HMAC under a key that only the establishment's
machines share, derived from the establishment's own key of ingest (which ingest itself knows by its hash alone). It is
written in letters, so that no document number can stand in it by chance.

If the key of the establishment is changed, rows added from then on get other ids; what is journalled keeps its own. So
before a key is changed, every machine sends what it has, and no file added before is added again afterwards.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC
from typing import Any, NamedTuple

import orjson
from pydantic import ValidationError

from clients.producer.faults import Fault, born_late, of_form, together, unknown_codes
from shared.contracts.births import LIMA, late_birth
from shared.contracts.facts import DATA_INBOUND, InboundFact

SHORTEST_DOCUMENT = 7
"""As at the door: a shorter number is found in innocent ids by chance."""

NAMES_A_PERSON = Fault("id", "names_a_person", "el identificador no puede contener el número del documento")
NOT_YOURS = Fault("source", "not_yours", "debe ser el código de este establecimiento")

_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_PLACEHOLDER = "-"


class Row(NamedTuple):
    """A fact ready for the journal: `content` is the line that is sent, the same whatever it was read from.

    `digest` tells contents apart without giving them away: it is keyed like the id.
    """

    id: str
    kind: str
    time: str
    content: bytes
    digest: bytes


class Facts:
    """Makes rows for one establishment, which is `source`, with its key of ingest."""

    def __init__(self, source: str, key: str) -> None:
        self._source = source
        self._key = hmac.digest(key.encode(), b"siep-producer: derived ids, 1", hashlib.sha256)

    def row(self, said: Mapping[str, Any]) -> Row | Fault:
        """The row that this says, or why it says none. What is plain from the source need not be said."""
        if said.get("source", self._source) != self._source:
            return NOT_YOURS
        draft = {"id": _PLACEHOLDER, **self._completed(said)}
        try:
            fact: Any = InboundFact.validate_json(orjson.dumps(draft))
        except ValidationError as error:
            wrong = of_form(error, _kind(draft))
            return together(_kind(draft), next(wrong), wrong)
        if "id" in said and _names_a_person(fact):
            return NAMES_A_PERSON
        late = late_birth(fact.model_dump())
        if late:
            return born_late(late)
        unknown = unknown_codes(_kind(draft), draft["data"], "data")
        first = next(unknown, None)
        if first:
            return together(_kind(draft), first, unknown)
        fact_id = fact.id if "id" in said else derived_id(self._key, fact)
        return self._row(fact.model_copy(update={"id": fact_id, "time": fact.time.astimezone(LIMA)}))

    def _completed(self, said: Mapping[str, Any]) -> dict[str, Any]:
        """With the speaker, wherever only it can stand."""
        whole = {**said, "source": self._source}
        data, fields = whole.get("data"), _fields(whole.get("type"))
        if isinstance(data, dict):
            own = {"establishment": self._source} if "establishment" in fields else {}
            whole["data"] = own | data
            if isinstance(data.get("target"), dict):
                whole["data"]["target"] = {"source": self._source} | data["target"]
        return whole

    def _row(self, fact: Any) -> Row:
        """One way to write a fact: no defaults, its time in Lima's, names in order."""
        said = {"specversion": "1.0", **fact.model_dump(mode="json", exclude_defaults=True)}
        content = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
        digest = hmac.digest(self._key, content, hashlib.sha256)
        return Row(fact.id, _kind(said), said["time"], content, digest)


def derived_id(key: bytes, fact: Any) -> str:
    """The id of a fact that has none: 160 bits in letters. A document is the same wherever its token at ingest is."""
    person = getattr(fact.data, "person", None)  # a headcount has none
    document = f"{person.document}:{person.number.upper().replace('-', '')}" if person else ""
    said = "\n".join((fact.source, fact.type, document, fact.time.astimezone(UTC).isoformat()))
    return hmac.digest(key, said.encode(), hashlib.sha256).hex()[:40].translate(_LETTERS)


def _fields(fact_type: object) -> Mapping[str, Any]:
    known = DATA_INBOUND.get(fact_type) if isinstance(fact_type, str) else None
    return known.model_fields if known else {}


def _kind(said: Mapping[str, Any]) -> str:
    """The kind, `admission` of `siep.admission.v1`; empty if it is none."""
    return said["type"].split(".")[1] if _fields(said.get("type")) else ""


def _names_a_person(fact: Any) -> bool:
    number: str = fact.data.person.number if "person" in type(fact.data).model_fields else ""
    return len(number) >= SHORTEST_DOCUMENT and number in fact.id
