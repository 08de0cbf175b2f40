"""The protocol of DESIGN §4 for one partition: where it stands, what comes next, and appending it at most once.

The table says the position; an acknowledgement means nothing. Another owner may be at work at any moment, stalled or
alive: everything here stays right with two owners that are not fenced.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence

from services.aggregator.folding import Folded, also_needed, decoded, fold_batch, subjects_of
from shared.contracts.mapping import Message
from shared.contracts.topics import MERGED_PARTITION
from shared.domain.facts import Fact
from shared.ports import Histories, Journal, JournalError, Known, LogError, Position, Record

log = logging.getLogger(__name__)

CATCH_UP_OFFSETS = 20_000
"""So many offsets of the journal are added to the histories at a time."""
AHEAD_MAX_MS = 5 * 60_000
"""A record further ahead of our clock than this would push the running maximum into the future: stop instead."""


class PartitionStoppedError(Exception):
    """Nothing more can be done for this partition without a person; the text says what is wrong and what to do."""


class Partition:
    """One partition of the log of record and its part of the journal."""

    def __init__(self, number: int, journal: Journal, histories: Histories, *, retry_seconds: float = 0.2) -> None:
        self.number = number
        self._journal = journal
        self._histories = histories
        self._retry_seconds = retry_seconds
        self.owing = True
        """Whether rows may be in the journal that others have not been told of: see the courier."""

    async def take_over(self) -> Position:
        """Where to go on, once the journal is known to be whole. Raises PartitionStoppedError if a part was lost."""
        self.owing = True  # what others wrote meanwhile they may not have told
        missing = await self._journal.missing(self.number)
        if missing:
            raise PartitionStoppedError(
                f"partition [{self.number}] lacks [{missing}] fact rows: a part was lost. "
                "Restore it, or rebuild the journal"
            )
        return await self._journal.position(self.number)

    async def same_log(self, first: Record | None) -> None:
        """Refuse a topic that is not the one the journal was made from; `first` is the log's record at offset 0."""
        recorded = await self._journal.payload_at(self.number, 0)
        if recorded is not None and (first is None or first.value != recorded):
            raise PartitionStoppedError(
                f"partition [{self.number}] of the topic begins with another record than the journal: "
                "the topic was recreated. Point the aggregator at the topic of this journal, or at a new database"
            )

    async def consume(self, records: Sequence[Record], position: Position, now_ms: int) -> Position:
        """Fold and append what of these records comes next; returns where the partition stands afterwards.

        The new position may lie before the last record (a batch was full) or after it (another owner was faster).
        Raises LogError if the records that come next are not among them, JournalError or HistoriesError as the ports
        do: then nothing is known but what `take_over` says.
        """
        told = decoded(record for record in records if record.offset >= position.next_offset)
        if not told:
            return position
        _refuse_a_gap(told[0][0].offset, position.next_offset)
        _refuse_the_future(self.number, (record for record, _ in told), now_ms)
        folded = fold_batch(told, await self._histories_for(told, position), position)
        reached = await self._append(folded, position)
        self.owing = self.owing or folded.moved or reached.next_offset != folded.next_offset
        if reached.next_offset == folded.next_offset:
            await self._histories.add(self.number, position.next_offset, folded.next_offset, folded.counted)
        return reached

    async def _histories_for(
        self, told: Sequence[tuple[Record, Message]], position: Position
    ) -> dict[str, list[tuple[int, Fact]]]:
        """What was known before this position of all whom these records are about; of merged persons, in rounds."""
        histories: dict[str, list[tuple[int, Fact]]] = {}
        wanted = subjects_of(told)
        while True:
            histories |= (await self._known_before(position, wanted)).histories
            wanted = also_needed(told, histories) if self.number == MERGED_PARTITION else set()
            if not wanted:
                return histories

    async def _known_before(self, position: Position, subjects: Iterable[str]) -> Known:
        """The histories of these subjects, brought up to this position from the journal if they lag or were lost."""
        subjects = list(subjects)
        known = await self._histories.read(self.number, subjects)
        while known.mark < position.next_offset:
            end = min(known.mark + CATCH_UP_OFFSETS, position.next_offset)
            await self._refuse_a_shorter_journal(position)
            facts = await self._journal.counted_facts(self.number, known.mark, end)
            await self._refuse_a_shorter_journal(position)
            await self._histories.add(self.number, known.mark, end, facts)
            known = await self._histories.read(self.number, subjects)
        return known

    async def _refuse_a_shorter_journal(self, position: Position) -> None:
        """Asked before and after facts are read: what a journal has lost would be a hole in the histories for good."""
        if (await self.take_over()).next_offset < position.next_offset:
            raise JournalError(f"the journal ends before offset [{position.next_offset}], which it had reached")

    async def _append(self, folded: Folded, position: Position) -> Position:
        """Ask for the insert until the partition has moved, by anyone."""
        attempt = 0
        while True:
            answered = await self._try_append(folded, position.next_offset, attempt)
            reached = await self._position_at_last()
            if reached.next_offset != position.next_offset:
                return reached
            # Unmoved after a clean answer: the token was burnt by an insert that died, so the next needs its own.
            # Unmoved after an error: the insert may still be on its way, so only the same token is safe.
            attempt += answered
            await asyncio.sleep(self._retry_seconds)

    async def _try_append(self, folded: Folded, next_offset: int, attempt: int) -> bool:
        try:
            await self._journal.append(self.number, next_offset, attempt, folded.consumed)
        except JournalError as error:
            log.warning(
                "insert not answered", extra={"partition": self.number, "offset": next_offset, "why": str(error)[:300]}
            )
            return False
        return True

    async def _position_at_last(self) -> Position:
        while True:
            try:
                return await self._journal.position(self.number)
            except JournalError as error:
                log.warning("position not answered", extra={"partition": self.number, "why": str(error)[:300]})
                await asyncio.sleep(self._retry_seconds)


def _refuse_a_gap(offset: int, next_offset: int) -> None:
    """A journal that lost its last rows goes on before the records that were read by where it stood then."""
    if offset != next_offset:
        raise LogError(f"the records begin at [{offset}], but the journal goes on at [{next_offset}]")


def _refuse_the_future(partition: int, records: Iterable[Record], now_ms: int) -> None:
    for record in records:
        if record.appended_at_ms > now_ms + AHEAD_MAX_MS:
            raise PartitionStoppedError(
                f"offset [{record.offset}] of partition [{partition}] was appended more than 5 minutes ahead of our "
                "clock: set the clocks of broker and aggregator right"
            )
