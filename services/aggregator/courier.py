"""What the owner of a partition tells others of tokens that have moved to the merged persons. DESIGN §4, rule 6.

Sent is what the partition's table has and the other partition's table lacks, and nothing else: after each batch that
touched such a token, and when the partition is taken over, so what a crash kept from being sent is sent by who comes
next. Several owners may send the same: the other side knows it by where it came from.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from services.aggregator.handlers import Partition
from shared.contracts.mapping import merge_notice, moved
from shared.contracts.topics import MERGED_PARTITION, partition_of
from shared.ports import Journal, JournalError, LogEnds, LogError, Moved, Outgoing, Publisher, SlowDownError, Told

log = logging.getLogger(__name__)

AGAIN_SECONDS = 1.0
LOOK_AGAIN_SECONDS = 600.0
"""A power cut may take away what we were to tell, and an owner that dies next may write it again without a word."""
MESSAGES_AT_A_TIME = 100
"""Histories may be large: so many at a time stay below what may be under way to the log."""


class Owed(NamedTuple):
    """Something to be told, and the row it comes from."""

    told: Told
    row: Moved


class Courier:
    """Tells others what one partition owes them. It remembers what it sent, while they lag."""

    def __init__(self, number: int, journal: Journal, publisher: Publisher, ends: LogEnds) -> None:
        self._number = number
        self._journal = journal
        self._publisher = publisher
        self._ends = ends
        self._seen_until = 0
        self._sent: set[Told] = set()
        self._begun_with: Sequence[int] = ()
        self._open: set[int] = set()
        self.undelivered: str | None = None
        """Why something that is owed was not told yet, if it is so."""

    async def deliver_for_ever(self, partition: Partition) -> None:
        """Deliver whenever the partition may owe something, until cancelled; being stuck does not stop its counting."""
        loop, looked_at = asyncio.get_running_loop(), float("-inf")
        while True:
            if partition.owing or loop.time() - looked_at > LOOK_AGAIN_SECONDS:
                partition.owing, looked_at = False, loop.time()
                self.undelivered = await self._why_left()
                partition.owing = partition.owing or self.undelivered is not None
            await asyncio.sleep(AGAIN_SECONDS)

    async def _why_left(self) -> str | None:
        """Deliver; why something is left, if it is."""
        try:
            return None if await self.deliver() else "waits until the other partition is as far as it was"
        except (JournalError, LogError, SlowDownError) as error:
            log.warning("not delivered yet", extra={"why": str(error)[:300]})
            return str(error)[:300]
        except Exception as error:  # a courier that ended unseen would leave persons missing
            log.critical("a courier fails", exc_info=True)
            return f"[{type(error).__name__}] was not expected: see the log"

    async def deliver(self) -> bool:
        """Send what is lacking; False if something must wait for its partition to be as far as it was at the start.

        Raises JournalError, LogError or SlowDownError: then some of it may have been sent, and is sent again.
        """
        rows = await self._journal.moved(self._number, self._seen_until)
        owed = [one for row in rows for one in owed_for(self._number, row) if one.told not in self._sent]
        ready = await self._ready({one.told.partition for one in owed})
        known = await self._journal.told_by(self._number, ready) if ready else set()
        await self._send([one for one in owed if one.told.partition in ready and one.told not in known])
        if any(one.told.partition not in ready for one in owed):
            return False
        self._seen_until = max((row.offset + 1 for row in rows), default=self._seen_until)
        return True

    async def _ready(self, destinations: set[int]) -> set[int]:
        """Those that consumed all that was in the log when we began: before, they only seem to lack what was sent.

        So a journal that is rebuilt sends nothing again before its end.
        """
        if destinations and not self._begun_with:
            self._begun_with = await self._ends.ends()
        for one in destinations - self._open:
            if (await self._journal.position(one)).next_offset >= self._begun_with[one]:
                self._open.add(one)
        return destinations & self._open

    async def _send(self, lacking: Sequence[Owed]) -> None:
        """In the order of the log, so that the history of a token comes before what was said later."""
        for start in range(0, len(lacking), MESSAGES_AT_A_TIME):
            some = lacking[start : start + MESSAGES_AT_A_TIME]
            await self._publisher.publish(await self._messages(some))
            self._sent.update(one.told for one in some)

    async def _messages(self, some: Sequence[Owed]) -> list[Outgoing]:
        moving = {(one.row.offset, one.row.subject) for one in some if one.told.partition == MERGED_PARTITION}
        payloads = await self._journal.payloads_of(self._number, {who for _, who in moving}) if moving else []
        _refuse_a_shorter_journal(moving, payloads)
        return [_message(one, payloads) for one in some]


def owed_for(partition: int, row: Moved) -> Iterable[Owed]:
    """What others are to be told because of one row.

    The merged persons: the history, if the row names its token first; else the fact. The token that it names: that.
    """
    origin = f"{partition}:{row.offset}"
    if row.counted or row.offset == row.named_at:
        yield Owed(Told(MERGED_PARTITION, origin), row)
    if row.other not in ("", row.subject):
        yield Owed(Told(partition_of(row.other), origin), row)


def _refuse_a_shorter_journal(moving: Iterable[tuple[int, str]], payloads: Iterable[tuple[int, str, bytes]]) -> None:
    """A journal that lost its end since it was asked what is owed would tell a history that has no end either."""
    if not {(offset, subject) for offset, subject, _ in payloads}.issuperset(moving):
        raise JournalError("the journal has lost rows of which others were to be told")


def _message(owed: Owed, payloads: Iterable[tuple[int, str, bytes]]) -> Outgoing:
    (partition, origin), row = owed
    if partition != MERGED_PARTITION:
        value = merge_notice(origin, row.other, row.recorded_at_ms, row.subject)
        return Outgoing(partition, row.other.encode(), value)
    first = 0 if row.offset == row.named_at else row.offset
    facts = [text for at, subject, text in payloads if subject == row.subject and text and first <= at <= row.offset]
    return Outgoing(partition, row.subject.encode(), moved(origin, row.subject, row.recorded_at_ms, facts))
