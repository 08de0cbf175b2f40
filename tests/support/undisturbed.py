"""What the system must come to from the lines that were sent: by the door's rules and the pure domain, in one go.

No broker, no store, no order of arrival, no batch: each person's facts are folded once, all together.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from deploy.demo.loading import Line
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.contracts.mapping import decode
from shared.contracts.topics import partition_of
from shared.domain.establishments import REFERENCE_KINDS
from shared.domain.facts import Fact
from shared.domain.history import stated
from shared.ports import Outgoing
from shared.reference.catalogue import load
from tests.support.small_ledger import Row

_LATER = datetime(2030, 1, 1, tzinfo=UTC)
Told = dict[str, list[Fact]]
"""Facts by subject."""


def accepted(lines: Iterable[Line], token_key: str) -> Told:
    """The facts that these lines tell, all of them acceptable; what is said twice is known once."""
    screen = Screen(load(), Tokeniser(bytes.fromhex(token_key)))
    told: Told = {}
    known: dict[tuple[str, str], Fact] = {}
    for speaker, line in lines:
        outgoing = screen.screen(line, speaker, _LATER)
        assert isinstance(outgoing, Outgoing), outgoing
        message = decode(outgoing.value)
        assert message.fact is not None
        first = known.setdefault((message.source, message.id), message.fact)
        assert first == message.fact, "which of the two holds would depend on the order of arrival"
        if first is message.fact:
            told.setdefault(message.subject, []).append(message.fact)
    return told


def rows(told: Told) -> list[Row]:
    """The ledger's sum: what stands once everything is known."""
    return [Row(partition_of(who), 0, 0, who, entry) for who, facts in told.items() for entry in stated(facts)]


def people(told: Told) -> list[list[Fact]]:
    """The facts of each person."""
    return [facts for facts in told.values() if facts[0].kind not in REFERENCE_KINDS]
