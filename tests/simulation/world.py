"""Plays one run: owners of a partition, carried one step at a time by whatever the plan says comes next.

The same plan is the same run for ever.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple, cast

from services.aggregator.handlers import Partition
from shared.ports import Histories, HistoriesError, Journal, JournalError, Known, LogError, Record
from tests.simulation.breaking import Breakable
from tests.simulation.calls import Call, Owner, Port, WrongError, shown
from tests.support.fakes import FakeHistories, FakeJournal, FakeLog, Part

PARTITION = 0
NOW_MS = 1 << 60
STEPS_MAX = 3_000
"""An owner that nobody disturbs is done long before; one that is not will never be."""


class Step(NamedTuple):
    """What comes next: a method of `World`, and whom it befalls or how much of it there is, counted round."""

    verb: str
    number: int


class Plan(NamedTuple):
    """All that decides a run: the log, how many records each owner reads at a time, and what happens in which order."""

    log: Sequence[Record]
    reads: Sequence[Sequence[int]]
    steps: Sequence[Step]


class Rules(NamedTuple):
    """The code that is put to the test. A test puts another in its place, to show what a rule is for."""

    partition: type[Partition] = Partition
    journal: type[FakeJournal] = FakeJournal
    histories: type[FakeHistories] = FakeHistories


async def follow(partition: Partition, log: FakeLog, end: int, reads: Iterator[int]) -> None:
    """What the aggregator does with an assigned partition, but that it ends where the log does."""
    while True:
        try:
            return await _consume(partition, log, end, reads)
        except (JournalError, HistoriesError, LogError):
            continue


async def _consume(partition: Partition, log: FakeLog, end: int, reads: Iterator[int]) -> None:
    position = await partition.take_over()
    await partition.same_log((await log.read(0, most=1))[0])
    records = list[Record]()
    while position.next_offset < end:
        start, most = records[-1].offset + 1 if records else position.next_offset, next(reads) - len(records)
        if most > 0 and start < end:
            records += await log.read(start, most=most)
        position = await partition.consume(records, position, NOW_MS)
        records = [record for record in records if record.offset >= position.next_offset]


class World(Breakable):
    """One partition with its log."""

    writes = ("append", "add")

    def __init__(self, plan: Plan, rules: Rules, trace: list[str] | None = None) -> None:
        super().__init__(rules.journal(), rules.histories(), len(plan.reads), trace)
        self._plan = plan
        self._rules = rules
        self._log = FakeLog(plan.log)
        self._kept = self.histories.copied()
        self._lost: Part | None = None

    def play(self) -> None:
        """Do what the plan says; then a healthy owner finishes, and at last whatever was stalled wakes up."""
        for verb, number in self._plan.steps:
            getattr(self, verb)(number)
        self._restore_what_was_lost()
        self._to_the_end(self._owner("a healthy owner", [3]))
        self._land_all()
        for owner in filter(None, self._owners):
            self._to_the_end(owner)
        self._land_all()

    def cached(self, subjects: Iterable[str]) -> Known:
        """What the histories hold of these subjects."""
        call = Call("read", (), lambda: self.histories.read(PARTITION, subjects), HistoriesError)
        while (answer := call.carry()) is None:
            continue
        known: Known = answer.value
        return known

    # What a step may be.

    def go(self, number: int) -> None:
        """An owner goes on: what it asked is carried a step, or it begins a new life."""
        number %= len(self._owners)
        owner = self._owners[number]
        if owner is None or owner.call is None:
            self._owners[number] = self._owner(f"owner {number}", self._plan.reads[number])
        else:
            self._carry(owner)

    def vanish(self, number: int) -> None:
        """A write that nobody waits for never arrives."""
        if self._strays:
            self._say("lost on its way: {}", self._strays.pop(number % len(self._strays)))

    def lose(self, number: int) -> None:
        """A part that is not the last is gone. Until it is restored, everybody who begins must stop."""
        if not self._lost and len(self.journal.parts) > 1:
            self._lost = self.journal.parts.pop(number % (len(self.journal.parts) - 1))
            self._say("the part with {} is gone", shown(self._lost.rows))
            self._engine_restarts()

    def keep(self, _number: int) -> None:
        """The store of histories is backed up."""
        self._kept = self.histories.copied()

    def restore(self, _number: int) -> None:
        """The store of histories comes back as it was when it was backed up."""
        self._say("the histories are those of an older state")
        self.histories = self._kept.copied()

    # How it is done.

    def _owner(self, name: str, reads: Sequence[int]) -> Owner:
        journal, histories = Port(lambda: self.journal, JournalError), Port(lambda: self.histories, HistoriesError)
        partition = self._rules.partition(
            PARTITION, cast("Journal", journal), cast("Histories", histories), retry_seconds=0
        )
        log = cast("FakeLog", Port(lambda: self._log, LogError))
        return Owner(name, follow(partition, log, len(self._plan.log), itertools.cycle(reads)))

    def _carry(self, owner: Owner) -> None:
        assert owner.call, "it is through"
        answer = (call := owner.call).carry()
        self._say("{}: {}: {}", owner.name, call, answer or "half done")
        if answer:
            owner.hear(answer)
        if owner.stopped and not self._lost:
            raise WrongError(f"{owner.name} stopped: {owner.stopped}")

    def _a_part_is_lost(self) -> bool:
        return self._lost is not None

    def _restore_what_was_lost(self) -> None:
        """What a person does: see that a partition stopped, stop the others, bring the part back, start again."""
        if self._lost:
            watcher = self._owner("an owner that begins", [3])
            self._to_the_end(watcher)
            if not watcher.stopped:
                raise WrongError(f"nobody saw that the part with {shown(self._lost.rows)} is gone")
            self._say("everybody is stopped, and the part is restored")
            self._owners = [None] * len(self._owners)
            self.journal.parts.append(self._lost)
            self._lost = None

    def _to_the_end(self, owner: Owner) -> None:
        for _ in range(STEPS_MAX):
            if owner.call is None:
                return
            self._carry(owner)
        raise WrongError(f"{owner.name} never ends")
