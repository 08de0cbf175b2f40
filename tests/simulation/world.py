"""Plays one run: owners of a partition, carried one step at a time by whatever the plan says comes next.

An owner is a coroutine of the real handlers, held each time it asks something of a port. What it asked is carried by
the world, which may as well let another owner go on, end this one, or tell it that nothing answered while the write
still travels. Nothing here knows an event loop, a thread or a clock, so the same plan is the same run for ever.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, cast

from services.aggregator.handlers import Partition, PartitionStoppedError
from shared.ports import Histories, HistoriesError, Journal, JournalError, Known, LogError, Position, Record
from tests.support.fakes import FakeHistories, FakeJournal, FakeLog, Part

PARTITION = 0
NOW_MS = 1 << 60
STEPS_MAX = 3_000
"""An owner that nobody disturbs is done long before; one that is not will never be."""
WRITES = ("append", "add")


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


class WrongError(Exception):
    """A run ended otherwise than it must; the text says how."""


class Answer(NamedTuple):
    """What an owner is told: a value, or that nothing answered."""

    value: Any = None
    error: Exception | None = None

    def __str__(self) -> str:
        return f"refused, {self.error}" if self.error else shown(self.value)


Work = Callable[[], Coroutine[None, None, Any]]


class Call:
    """What an owner asks of a port. It has a life of its own: the owner may be gone when it is carried out."""

    def __init__(self, name: str, arguments: tuple[Any, ...], work: Work, unanswered: type[Exception]) -> None:
        self.name = name
        self.arguments = arguments
        self._work = work
        self._unanswered = unanswered
        self._begun: Coroutine[None, None, Any] | None = None

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)

    @property
    def begun(self) -> bool:
        """Whether the server has it; before that it is on its way."""
        return self._begun is not None

    def carry(self) -> Answer | None:
        """Carry it a step further; the answer once it is through."""
        self._begun = self._begun or self._work()
        try:
            self._begun.send(None)
        except StopIteration as done:
            return Answer(done.value)
        except (JournalError, HistoriesError, LogError) as error:
            return Answer(error=error)
        return None

    def unanswered(self) -> Answer:
        """What a client makes of it that waited too long."""
        return Answer(error=self._unanswered("no answer in time"))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(shown, self.arguments))})"


class Port:
    """Anything that an owner talks to: each method is a call, handed to whoever carries the owner."""

    def __init__(self, server: Callable[[], object], unanswered: type[Exception]) -> None:
        self._server = server
        self._unanswered = unanswered

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Call, Any, Any]]:
        async def asked(*arguments: Any, **options: Any) -> Any:
            work = lambda: getattr(self._server(), name)(*arguments, **options)  # noqa: E731
            return await Call(name, arguments, work, self._unanswered)

        return asked


class Owner:
    """Somebody who follows the partition, held at what it asked last; None once it is through, or had to stop."""

    def __init__(self, name: str, life: Coroutine[Call, Any, None]) -> None:
        self.name = name
        self.call: Call | None = None
        self.stopped: str | None = None
        self._life = life
        self.hear(Answer())

    def hear(self, answer: Answer) -> None:
        """Take an answer and go on to the next question."""
        try:
            asked = self._life.throw(answer.error) if answer.error else self._life.send(answer.value)
            while asked is None:  # a pause before it tries again
                asked = self._life.send(None)
        except StopIteration:
            asked = None
        except PartitionStoppedError as error:
            asked, self.stopped = None, str(error)
        except Exception as error:
            raise WrongError(f"{self.name} stopped: {type(error).__name__}: {error}") from error
        self.call = asked


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


class World:
    """The servers, the owners, and the writes that travel though nobody waits for them any more."""

    def __init__(self, plan: Plan, rules: Rules, trace: list[str] | None = None) -> None:
        self.journal = rules.journal()
        self.histories = rules.histories()
        self._plan = plan
        self._rules = rules
        self._trace = trace
        self._log = FakeLog(plan.log)
        self._kept = self.histories.copied()
        self._lost: Part | None = None
        self._strays: list[Call] = []
        self._owners: list[Owner | None] = [None] * len(plan.reads)

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

    def crash(self, number: int) -> None:
        """An owner is gone; what it was writing still travels."""
        number %= len(self._owners)
        if (owner := self._owners[number]) and owner.call:
            self._say("{} dies at {}", owner.name, owner.call)
            self._let_go(owner.call)
            self._owners[number] = None

    def time_out(self, number: int) -> None:
        """An owner waits no longer; what it was writing still travels."""
        owner = self._owners[number % len(self._owners)]
        if owner and owner.call:
            self._say("{} hears nothing of {}", owner.name, owner.call)
            self._let_go(owner.call)
            owner.hear(owner.call.unanswered())

    def land(self, number: int) -> None:
        """A write that nobody waits for is carried a step."""
        if self._strays:
            stray = self._strays[number % len(self._strays)]
            answer = stray.carry()
            self._say("late, for nobody: {}: {}", stray, answer or "half done")
            if answer:
                self._strays.remove(stray)

    def vanish(self, number: int) -> None:
        """A write that nobody waits for never arrives."""
        if self._strays:
            self._say("lost on its way: {}", self._strays.pop(number % len(self._strays)))

    def burn(self, number: int) -> None:
        """The engine dies when it has noted the token of an insert, and nothing else of it."""
        written = [call for call in self._under_way() if call.name == "append" and call.begun]
        if written:
            call = written[number % len(written)]
            self.journal.burn(call.arguments[:3])
            self._say("the engine dies and keeps nothing but the token of {}", call)
            self._engine_restarts()

    def power_cut(self, number: int) -> None:
        """The machine of the engine dies, and up to two of its last parts were not on disk; perhaps their tokens were.

        Two moments are left out, because they are not survived (docs/failures.md): when facts are about to be read
        for the histories, and, if tokens are lost too, between an answer and the reading of the position.
        """
        asked = {call.name for call in self._under_way()}
        count = 0 if self._lost or "counted_facts" in asked else number % 3
        with_tokens = number >= 3 and "position" not in asked
        self._say("power cut: the last {} parts are gone{}", count, " with their tokens" if with_tokens else "")
        self.journal.lose_last(count, with_tokens=with_tokens)
        self._engine_restarts()

    def lose(self, number: int) -> None:
        """A part that is not the last is gone. Until it is restored, everybody who begins must stop."""
        if not self._lost and len(self.journal.parts) > 1:
            self._lost = self.journal.parts.pop(number % (len(self.journal.parts) - 1))
            self._say("the part with {} is gone", shown(self._lost.rows))
            self._engine_restarts()

    def forget(self, _number: int) -> None:
        """The store of histories is emptied."""
        self._say("the histories are forgotten")
        self.histories = self._rules.histories()

    def keep(self, _number: int) -> None:
        """The store of histories is backed up."""
        self._kept = self.histories.copied()

    def restore(self, _number: int) -> None:
        """The store of histories comes back as it was when it was backed up."""
        self._say("the histories are those of an older state")
        self.histories = self._kept.copied()

    # How it is done.

    def _say(self, form: str, *parts: object) -> None:
        if self._trace is not None:
            self._trace.append(form.format(*parts))

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

    def _let_go(self, call: Call) -> None:
        if call.name in WRITES:
            self._strays.append(call)

    def _land_all(self) -> None:
        while self._strays:
            self.land(0)

    def _under_way(self) -> list[Call]:
        return [*(owner.call for owner in self._owners if owner and owner.call), *self._strays]

    def _engine_restarts(self) -> None:
        """What it had begun dies with it."""
        self._strays = [stray for stray in self._strays if not (stray.begun and stray.name == "append")]
        for owner in filter(None, self._owners):
            if owner.call and owner.call.begun and owner.call.name == "append":
                owner.hear(owner.call.unanswered())


def shown(value: object) -> str:
    """Anything that is asked or answered, in few words: of rows and facts only where they stand in the log."""
    match value:
        case Position():
            return f"next {value.next_offset}, seq {value.seq}"
        case Known():
            return f"mark {value.mark}, facts {sorted(at for facts in value.histories.values() for at, _ in facts)}"
        case [str(), *_]:
            return f"{len(value)} persons"
        case list():
            return "offsets " + str([one.offset for one in value])
        case bytes():
            return "the message"
    return "done" if value is None else str(value)
