"""What each rule of the protocol is for: without it, a run ends with a wrong ledger, a lost or a doubled offset."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import pytest

from services.aggregator import folding, handlers
from services.aggregator.folding import Folded
from services.aggregator.handlers import Partition
from shared.domain.facts import Fact
from shared.ports import Consumed, Known, LoggedFact, Position
from tests.simulation.runs import first_wrong, planned, why_wrong
from tests.simulation.world import Rules
from tests.support.fakes import FakeHistories, FakeJournal, Part, Token

RUNS = range(2_000)


class NoGuard(FakeJournal):
    def guard(self, partition: int, next_offset: int) -> None:
        """Every insert passes, wherever the partition stands."""


class NoTokens(FakeJournal):
    def write(self, part: Part) -> None:
        self.parts.append(part)


class NarrowWindow(FakeJournal):
    def burn(self, token: Token) -> None:
        self.tokens = [token]


class TornInserts(FakeJournal):
    """The rows of a batch are two parts."""

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        await super().append(partition, next_offset, attempt, consumed[1:])
        await asyncio.sleep(0)
        self.parts.append(Part((partition, next_offset, attempt), consumed[:1]))


class MarkMovedBlindly(FakeHistories):
    async def add(self, partition: int, start: int, end: int, facts: Sequence[LoggedFact]) -> bool:
        self._marks[partition] = start
        return await super().add(partition, start, end, facts)


class MarkReadApart(FakeHistories):
    async def read(self, partition: int, subjects: Iterable[str]) -> Known:
        histories = (await super().read(partition, subjects)).histories
        await asyncio.sleep(0)
        return Known((await super().read(partition, ())).mark, histories)


class AnswerBelieved(Partition):
    async def _append(self, folded: Folded, position: Position) -> Position:
        if await self._try_append(folded, position.next_offset, 0):
            return Position(folded.next_offset, *folded.consumed[-1][1:3])
        return await super()._append(folded, position)


class NewTokenAfterTimeOut(Partition):
    async def _try_append(self, folded: Folded, next_offset: int, attempt: int) -> bool:
        await super()._try_append(folded, next_offset, attempt)
        return True


class SameTokenForEver(Partition):
    async def _try_append(self, folded: Folded, next_offset: int, attempt: int) -> bool:
        await super()._try_append(folded, next_offset, attempt)
        return False


class NextFromMemory(Partition):
    async def _append(self, folded: Folded, position: Position) -> Position:
        return (await super()._append(folded, position))._replace(next_offset=folded.next_offset)


class SeqFromMemory(Partition):
    async def _append(self, folded: Folded, position: Position) -> Position:
        return (await super()._append(folded, position))._replace(seq=folded.consumed[-1].seq)


class TimeOfTheBrokerAlone(Partition):
    async def _append(self, folded: Folded, position: Position) -> Position:
        return (await super()._append(folded, position))._replace(recorded_at_ms=0)


class NoCatchingUp(Partition):
    async def _known_before(self, _position: Position, subjects: Iterable[str]) -> Known:
        return await self._histories.read(self.number, subjects)


class LostPartsUnseen(Partition):
    async def take_over(self) -> Position:
        return await self._journal.position(self.number)


class ShorterJournalTaken(Partition):
    async def _refuse_a_shorter_journal(self, _position: Position) -> None:
        """What was read is taken for everything."""


class NothingIgnored(folding._Histories):
    def __init__(self, known: Mapping[str, list[tuple[int, Fact]]], _before: int) -> None:
        super().__init__(known, 1 << 60)


WITHOUT = [
    Rules(journal=NoGuard),
    Rules(journal=NoTokens),
    Rules(journal=NarrowWindow),
    Rules(journal=TornInserts),
    Rules(histories=MarkMovedBlindly),
    Rules(histories=MarkReadApart),
    Rules(partition=AnswerBelieved),
    Rules(partition=NewTokenAfterTimeOut),
    Rules(partition=SameTokenForEver),
    Rules(partition=NextFromMemory),
    Rules(partition=SeqFromMemory),
    Rules(partition=TimeOfTheBrokerAlone),
    Rules(partition=NoCatchingUp),
    Rules(partition=LostPartsUnseen),
    Rules(partition=ShorterJournalTaken),
]


def name(rules: Rules) -> str:
    """What stands in the place of the real thing."""
    return next(given.__name__ for given, real in zip(rules, Rules(), strict=True) if given is not real)


@pytest.mark.parametrize("rules", WITHOUT, ids=name)
def test_without_this_rule_a_run_ends_wrong(rules: Rules) -> None:
    assert first_wrong(RUNS, rules) is not None


def test_without_ignoring_facts_at_its_own_offset_and_after_a_run_ends_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "_Histories", NothingIgnored)
    assert first_wrong(RUNS, Rules()) is not None


def test_without_looking_where_the_records_begin_a_run_ends_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(handlers, "_refuse_a_gap", lambda *_: None)
    assert first_wrong(RUNS, Rules()) is not None


def test_without_cutting_a_batch_where_the_recorded_year_ends_a_run_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "recorded_year", lambda _: 0)
    seed = first_wrong(RUNS, Rules())
    assert seed is not None
    assert "never ends" in str(why_wrong(planned(seed), Rules()))
