"""What becomes of a message: accepted, quarantined or rejected (DESIGN §3). The one place that decides it.

Rejected is what cannot be recorded or may not be said: unreadable, unauthorised, without usable source, id or person.
Quarantined is everything else that is invalid: it keeps an offset in the log of record. Nothing that is answered or
logged repeats what was sent: a field is named, never its content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import ValidationError

from services.ingest import faults
from services.ingest.faults import MAX_FACT_BYTES, Fault
from services.ingest.plans import Plan, plan_of
from services.ingest.reading import Node, Reader
from services.ingest.tokens import Tokeniser
from shared.contracts.births import late_birth
from shared.contracts.facts import DATA_INBOUND, DATA_OF_REFERENCE, INBOUND, QUARANTINED
from shared.contracts.topics import partition_of
from shared.ports import Outgoing
from shared.reference.catalogue import Catalogues

INPE = "inpe"
HEADCOUNT = "siep.headcount.v1"
MAX_AHEAD = timedelta(minutes=5)
"""A clock may be wrong by this much; more is a mistake (DESIGN §3)."""

SHORTEST_DOCUMENT = 7
"""Shorter numbers are found in innocent ids by chance."""

_FROM_INPE = DATA_OF_REFERENCE.keys() - {HEADCOUNT}


class Refusal(NamedTuple):
    """A message that is not accepted; `record` is what the log keeps of it if it is quarantined."""

    outcome: Literal["quarantined", "rejected"]
    fault: Fault
    message: bytes
    record: Outgoing | None


class Screen:
    """Decides what becomes of messages, with the catalogues and the key of tokens that it was given."""

    def __init__(self, catalogues: Catalogues, tokeniser: Tokeniser) -> None:
        self._catalogues = catalogues
        self._tokeniser = tokeniser
        self._reader = Reader(catalogues)
        self._lenient = Reader()
        ranks = {code: entry.rank for code, entry in catalogues["offence"].items()}
        self._plans: Mapping[str, Plan] = {fact_type: plan_of(data, ranks) for fact_type, data in DATA_INBOUND.items()}

    def screen(self, message: bytes, speaker: str | None, now: datetime) -> Outgoing | Refusal:
        """What becomes of a message said by `speaker`, an establishment's code or `inpe`, at `now`."""
        if len(message) > MAX_FACT_BYTES:
            return _rejected(message, faults.TOO_LARGE)
        try:
            fact = self._reader.read(message)
        except ValidationError as error:
            return self._invalid(message, speaker, now, error)
        fact_type: str = fact["type"]
        unauthorised = _unauthorised(fact, fact_type, speaker)
        if unauthorised:
            return _rejected(message, unauthorised)
        subject = self._subject(fact_type, fact["data"])
        untimely = _untimely(fact, now)
        if untimely:
            return self._quarantined(message, fact, subject, now, untimely)
        fact = self._settled(message, fact)
        fact["subject"] = subject
        return Outgoing(partition_of(subject), subject.encode(), orjson.dumps(fact))

    def _settled(self, message: bytes, fact: Node) -> Node:
        """The fact as the log keeps it: no document, no name of a unit, nothing that is null."""
        if b"null" in message:
            fact = _without_nulls(fact)
        data = fact["data"]
        data.pop("person", None)
        for step in self._plans[fact["type"]]:
            step(data, self._tokeniser)
        return fact

    def _invalid(self, message: bytes, speaker: str | None, now: datetime, error: ValidationError) -> Refusal:
        """Quarantined if it can be recorded under a subject, else rejected."""
        try:
            fact = orjson.loads(message)
        except orjson.JSONDecodeError:
            return _rejected(message, faults.UNREADABLE)
        unusable = faults.unusable(fact) or _unauthorised(fact, _type_of(fact), speaker)
        if unusable:
            return _rejected(message, unusable)
        subject = self._subject(_type_of(fact), fact["data"])
        codes = faults.unknown_codes(error, self._catalogues)
        try:
            valid = self._lenient.read(message)
        except ValidationError as wrong:
            fault = faults.together(chain(faults.of_form(wrong), codes))
            return self._quarantined(message, fact, subject, now, fault)
        untimely = _untimely(valid, now)
        if untimely:
            return self._quarantined(message, fact, subject, now, faults.together(chain([untimely], codes)))
        kept = self._settled(message, valid)
        payload = {"time": kept["time"], "data": kept["data"]}
        return self._quarantined(message, fact, subject, now, faults.together(codes), payload)

    def _subject(self, fact_type: str, data: Node) -> str:
        if fact_type in DATA_OF_REFERENCE:
            subject: str = data.get("establishment", INPE)
            return subject
        return self._tokeniser.person(**data["person"])

    def _quarantined(
        self, message: bytes, fact: Node, subject: str, now: datetime, fault: Fault, payload: Node | None = None
    ) -> Refusal:
        data = {
            "original_type": _type_of(fact) if _type_of(fact) in INBOUND else "",
            **fault._asdict(),
            "payload_sha256": hashlib.sha256(message).hexdigest(),
        }
        kept = {"payload": payload} if payload else {}
        value = orjson.dumps(
            {
                "specversion": "1.0",
                "id": fact["id"],
                "source": fact["source"],
                "type": QUARANTINED,
                "time": now,
                "datacontenttype": "application/json",
                "subject": subject,
                "data": data | kept,
            }
        )
        return Refusal("quarantined", fault, message, Outgoing(partition_of(subject), subject.encode(), value))


def _untimely(fact: Node, now: datetime) -> Fault | None:
    """Why what was read cannot have happened then, or None."""
    time = fact["time"]
    # Comparing moments of two offsets takes 1.3 us; most facts are days old, and no offset is longer than a day.
    if time.toordinal() >= now.toordinal() - 1 and time > now + MAX_AHEAD:
        return faults.AHEAD
    late = late_birth(fact)
    return faults.BORN_LATE._replace(field=late) if late else None


def _rejected(message: bytes, fault: Fault) -> Refusal:
    return Refusal("rejected", fault, message, None)


def _unauthorised(fact: Node, fact_type: str, speaker: str | None) -> Fault | None:
    """Why this speaker may not say this, or None."""
    source, data = fact["source"], fact["data"]
    if source != speaker:
        return faults.not_yours("source", "the code that your key stands for")
    if source == INPE or fact_type in _FROM_INPE:
        return None if source == INPE and fact_type in _FROM_INPE else faults.WRONG_SPEAKER
    if fact_type != HEADCOUNT:
        number = data["person"]["number"]
        if number in fact["id"] and len(number) >= SHORTEST_DOCUMENT:
            return faults.NAMES_A_PERSON
    return _foreign(fact_type, data, source, "data")


def _foreign(fact_type: str, data: Node, source: str, at: str) -> Fault | None:
    """An establishment speaks for itself: of its own roll, its own supervisions, and what it said before."""
    if data.get("establishment", source) != source:
        return faults.not_yours(f"{at}.establishment", "your own code")
    if fact_type == "siep.supervision_start.v1" and data.get("unit", source) != source:
        return faults.not_yours(f"{at}.unit", "your own code")
    if fact_type not in ("siep.amendment.v1", "siep.void.v1"):
        return None
    target, replacement = data.get("target"), data.get("replacement")
    if isinstance(target, dict) and target.get("source", source) != source:
        return faults.not_yours(f"{at}.target.source", "your own code: only who said it takes it back")
    if isinstance(replacement, dict) and isinstance(replacement.get("data"), dict):
        return _foreign(_type_of(replacement), replacement["data"], source, f"{at}.replacement.data")
    return None


def _type_of(fact: Node) -> str:
    """The type as it was sent, if it is text at all."""
    fact_type = fact.get("type")
    return fact_type if isinstance(fact_type, str) else ""


def _without_nulls(node: Any) -> Any:
    """What is null was not said."""
    if isinstance(node, dict):
        return {name: _without_nulls(value) for name, value in node.items() if value is not None}
    return [_without_nulls(item) for item in node] if isinstance(node, list) else node
