"""Takes messages from whichever door they come through, and answers for each of them.

Both doors do the same: screen every message, publish what the log keeps, and only then say what became of it.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from services.ingest.flooding import BLOCKED, FloodGuard
from services.ingest.screening import Refusal, Screen
from shared.ports import DeadLetter, LogError, Outgoing, Publisher, SlowDownError
from shared.runtime.clock import Clock

MOST_REFUSED = 1_000
"""Bad lines that one answer lists; a file with more is not the file that was meant."""


class Piece(NamedTuple):
    """Consecutive lines of a request; `start` is the number of the first, counted from 1."""

    start: int
    lines: Sequence[bytes]


class RefusedLine(NamedTuple):
    """What became of a line that was not accepted, and why."""

    line: int
    refusal: Refusal


class Screened(NamedTuple):
    """What is to be published of a piece, what is told of it, and the line it was not read from, if any."""

    messages: list[Outgoing]
    refused: list[RefusedLine]
    accepted: int
    resume_from: int | None


@dataclass
class Receipt:
    """What became of a request so far: everything before `resume_from`, or everything if that is None."""

    accepted: int = 0
    refused: list[RefusedLine] = field(default_factory=list)
    resume_from: int | None = None

    def count(self, outcome: str) -> int:
        """How many lines were `quarantined` or `rejected`."""
        return sum(refused.refusal.outcome == outcome for refused in self.refused)


class BrokenOffError(Exception):
    """The log stopped answering; the receipt says what became of the lines before `resume_from`."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("the log stopped answering")
        self.receipt = receipt


class BlockedError(Exception):
    """The source sent too many bad messages; the receipt says what became of the lines before `resume_from`."""

    def __init__(self, receipt: Receipt) -> None:
        super().__init__("the source is blocked")
        self.receipt = receipt


class Ingest:
    """Takes facts."""

    def __init__(self, screen: Screen, publisher: Publisher, clock: Clock, flood: FloodGuard) -> None:
        self._screen = screen
        self._publisher = publisher
        self._clock = clock
        self._flood = flood
        self._screening = asyncio.Lock()

    async def receive(self, pieces: AsyncIterator[Piece], speaker: str) -> Receipt:
        """Take the lines of one request, piece by piece; the next piece is read when the log has the one before.

        Stops at the bad line after the first 1,000. Raises BrokenOffError when the log does not answer, BlockedError
        when the speaker is blocked, be it by the lines of this very request.
        """
        receipt = Receipt()
        async for piece in pieces:
            if speaker in self._flood.blocked:
                receipt.resume_from = piece.start
                raise BlockedError(receipt)
            try:
                await self._take(piece, speaker, receipt)
            except (LogError, SlowDownError) as error:
                receipt.resume_from = piece.start
                raise BrokenOffError(receipt) from error
            if receipt.resume_from is not None:
                break
        return receipt

    async def _take(self, piece: Piece, speaker: str, receipt: Receipt) -> None:
        now = self._clock.now()
        async with self._screening:
            screened = self._screened(piece, speaker, receipt, now)
            if len(piece.lines) > 1:
                await asyncio.sleep(0)  # one piece a turn of the loop: with many at once, timers and /health would wait
        messages, refused, accepted, resume_from = screened
        letters = [letter(line.refusal, speaker) for line in refused if line.refusal.outcome == "quarantined"]
        await self._publisher.publish(messages, letters)
        receipt.accepted += accepted
        receipt.refused += refused
        receipt.resume_from = resume_from
        await self._flood.note(speaker, len(refused), now)

    def _screened(self, piece: Piece, speaker: str, receipt: Receipt, now: datetime) -> Screened:
        messages: list[Outgoing] = []
        refused: list[RefusedLine] = []
        accepted = 0
        for number, line in enumerate(piece.lines, piece.start):
            if not line or line.isspace():
                continue
            result = self._screen.screen(line, speaker, now)
            if isinstance(result, Outgoing):
                messages.append(result)
                accepted += 1
                continue
            if len(receipt.refused) + len(refused) == MOST_REFUSED:
                return Screened(messages, refused, accepted, number)
            refused.append(RefusedLine(number, result))
            if result.record:
                messages.append(result.record)
        return Screened(messages, refused, accepted, None)

    async def take_from_topic(self, messages: Sequence[tuple[str | None, bytes]]) -> None:
        """Take messages of `siep.inbound.v1` with their keys; what is rejected goes to the dead letters too.

        So does everything from a source that is blocked: others in its partition must not wait for it.
        Returns once the log has what it keeps. Raises LogError or SlowDownError: the same messages are to come again.
        """
        now = self._clock.now()
        records: list[Outgoing] = []
        letters: list[DeadLetter] = []
        bad: Counter[str | None] = Counter()
        for speaker, message in messages:
            if speaker in self._flood.blocked:
                letters.append(letter(Refusal("rejected", BLOCKED, message, None), speaker))
                continue
            result = self._screen.screen(message, speaker, now)
            if isinstance(result, Outgoing):
                records.append(result)
                continue
            bad[speaker] += 1
            letters.append(letter(result, speaker))
            if result.record:
                records.append(result.record)
        await self._publisher.publish(records, letters)
        for speaker, count in bad.items():
            await self._flood.note(speaker, count, now)


def letter(refusal: Refusal, speaker: str | None) -> DeadLetter:
    """The message as it came, for operators, with what was wrong in its headers."""
    said = {"source": speaker or "", "outcome": refusal.outcome, **refusal.fault._asdict()}
    headers = tuple((name, value.encode()) for name, value in said.items())
    return DeadLetter(speaker.encode() if speaker else None, refusal.message, headers)
