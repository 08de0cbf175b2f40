"""Facts kept in quarantine because a code was unknown are told again, once the catalogues have that code.

A replay is a new record of the log with the same source and id, so each step stays there for ever. Only what no record
counts of is told again; should another replay or the establishment be faster, the later record is a duplicate.
"""

from __future__ import annotations

import asyncio
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from services.ingest.plans import Plan, Ranks, plan_of
from services.ingest.reading import Reader
from services.ingest.tokens import Tokeniser
from shared.contracts.facts import DATA, RECORDED
from shared.contracts.questions import LogPosition
from shared.contracts.topics import partition_of
from shared.ports import Kept, LogEnds, Outgoing, Publisher, ReceiptBook
from shared.reference.catalogue import Catalogues

PAGE = 1_000


class Replayed(NamedTuple):
    """How many messages were told again, and how many still say a code that no catalogue has."""

    sent: int
    unknown: int


class JournalLagsError(Exception):
    """The journal did not come as far as the log stood: what counts already cannot be known."""


class Replay:
    """Tells again what was kept, with the catalogues that it was given."""

    def __init__(self, book: ReceiptBook, log: LogEnds, publisher: Publisher, catalogues: Catalogues) -> None:
        self._book = book
        self._log = log
        self._publisher = publisher
        self._catalogues = catalogues
        self._readers: dict[str, _Recorded] = {}

    async def run(self, *, patience_seconds: float = 60, pause_seconds: float = 0.5) -> Replayed:
        """Tell again all that can be. Raises JournalLagsError, JournalError, LogError or SlowDownError: then run again.

        First the journal has to reach where the log stands now: a replay that ran just before is counted by then, so
        running twice changes nothing.
        """
        await self._caught_up(patience_seconds, pause_seconds)
        sent = unknown = 0
        after = ("", "")
        while page := await self._book.kept(after, PAGE):
            again = [message for message in map(self._again, page) if message]
            await self._publisher.publish(again)
            sent, unknown = sent + len(again), unknown + len(page) - len(again)
            after = (page[-1].source, page[-1].id)
        return Replayed(sent, unknown)

    async def _caught_up(self, patience_seconds: float, pause_seconds: float) -> None:
        ends = await self._log.ends()
        loop = asyncio.get_running_loop()
        limit = loop.time() + patience_seconds
        while not all(now >= end for now, end in zip(await self._reached(), ends, strict=True)):
            if loop.time() >= limit:
                raise JournalLagsError("records wait in the log: run it again once the aggregator has counted them")
            await asyncio.sleep(pause_seconds)

    async def _reached(self) -> tuple[int, ...]:
        return LogPosition.parse((await self._book.standing()).position).next_offsets

    def _again(self, kept: Kept) -> Outgoing | None:
        """The fact as the log would hold it had the code been known, or None while it is not."""
        data = orjson.loads(kept.record)["data"]
        fact = {"specversion": "1.0", "id": kept.id, "source": kept.source, "type": data["original_type"]}
        fact |= {**data["payload"], "subject": kept.subject}
        if fact["type"] not in self._readers:
            self._readers[fact["type"]] = _Recorded(fact["type"], self._catalogues)
        value = self._readers[fact["type"]].settled(orjson.dumps(fact))
        return Outgoing(partition_of(kept.subject), kept.subject.encode(), value) if value else None


class _Recorded:
    """Facts of one type as the log keeps them, held against the catalogues."""

    def __init__(self, fact_type: str, catalogues: Catalogues) -> None:
        self._reader = Reader(catalogues, TypeAdapter(RECORDED[fact_type]))
        ranks: Ranks = {code: entry.rank for code, entry in catalogues["offence"].items()}
        self._plan: Plan = plan_of(DATA[fact_type], ranks)

    def settled(self, message: bytes) -> bytes | None:
        """The message with the ranks of its offences, or None if a code of it is in no catalogue."""
        try:
            fact = self._reader.read(message)
        except ValidationError:
            return None
        for step in self._plan:
            step(fact["data"], _TokensAlready(bytes(32)))
        return orjson.dumps(fact)


class _TokensAlready(Tokeniser):
    """What was kept holds tokens in the place of identifiers."""

    def token(self, kind: str, identifier: str) -> str:  # noqa: ARG002 - see Tokeniser
        """The same."""
        return identifier
