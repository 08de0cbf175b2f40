"""Merged persons in simulated time: two ordinary partitions and that of merged persons, each with two owners.

Owners are not fenced, die between any two calls, and hear nothing of what they asked while it still travels; histories
are forgotten; every partition has a broker with a clock of its own. Then nothing breaks any more, and all is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random
from typing import Any, NamedTuple, cast

from services.aggregator.courier import Courier
from services.aggregator.handlers import Partition
from shared.contracts.topics import MERGED_PARTITION, partition_of
from shared.domain import reference
from shared.domain.facts import NAMING, Fact
from shared.ports import (
    Consumed,
    Histories,
    HistoriesError,
    Journal,
    JournalError,
    LogEnds,
    LogError,
    Publisher,
    Record,
)
from tests.simulation.breaking import Breakable
from tests.simulation.calls import Owner, Port, WrongError
from tests.simulation.logs import _fact
from tests.simulation.runs import DAYS, kept_by_one, small_batches
from tests.simulation.world import NOW_MS, Step
from tests.support.fakes import FakeHistories, FakeJournal
from tests.support.logs import APPENDED_MS, message, tick
from tests.support.merged import ORDINARY, PERSONS, FakeLogEnds, FakePublisher, double, ledger_of, told_in
from tests.support.sums import flows_of, stock_of

PARTITIONS = (*ORDINARY, MERGED_PARTITION)
OWNERS = tuple((partition, number) for partition in PARTITIONS for number in (1, 2))
ROUNDS_MAX = 4_000
_CHANCES = {
    "go": 80,
    "tell": 12,
    "crash": 3,
    "time_out": 4,
    "land": 4,
    "vanish": 2,
    "burn": 2,
    "power_cut": 1,
    "forget": 1,
}
_VERBS, _WEIGHTS = tuple(_CHANCES), tuple(_CHANCES.values())


class Plan(NamedTuple):
    """All that decides a run: what is told of whom, the clocks of the partitions, and what happens in which order."""

    told: Sequence[tuple[str, Fact]]
    clocks: Sequence[int]
    steps: Sequence[Step]


class Rules(NamedTuple):
    """The code that is put to the test."""

    partition: type[Partition] = Partition
    courier: type[Courier] = Courier


class Log:
    """What an owner reads."""

    def __init__(self, publisher: FakePublisher) -> None:
        self._publisher = publisher

    async def read(self, partition: int, start: int) -> list[Record]:
        """At most three records from here on."""
        return self._publisher.logs[partition][start : start + 3]


async def follow(partition: Partition, courier: Courier | None, log: Log) -> None:
    """What the aggregator does with an assigned partition, and its courier, in turns."""
    while True:
        try:
            position = await partition.take_over()
            while True:
                records = await log.read(partition.number, position.next_offset)
                position = await partition.consume(records, position, NOW_MS)
                if courier and partition.owing:
                    partition.owing = False
                    await _deliver(partition, courier)
        except (JournalError, HistoriesError, LogError):
            continue


async def _deliver(partition: Partition, courier: Courier) -> None:
    try:
        partition.owing = not await courier.deliver()
    except (JournalError, LogError):
        partition.owing = True


class World(Breakable):
    """Three partitions with their logs."""

    writes = ("append", "add", "publish")

    def __init__(self, plan: Plan, rules: Rules, trace: list[str] | None = None) -> None:
        super().__init__(FakeJournal(), FakeHistories(), len(OWNERS), trace)
        self.publisher = FakePublisher()
        self.publisher.clocks = {one: APPENDED_MS + late for one, late in zip(PARTITIONS, plan.clocks, strict=True)}
        self._plan, self._rules = plan, rules
        self._waiting = list(plan.told)

    def play(self) -> None:
        """Do what the plan says; then everything lands, and owners that nobody disturbs go on until nothing is left."""
        for verb, number in self._plan.steps:
            getattr(self, verb)(number)
        self._land_all()
        while self._waiting:
            self.tell(0)
        for partition in PARTITIONS:  # without a record after it nobody notices that the end of a journal is gone
            self.publisher.append(partition, tick(0))
        self._until_quiet()
        if any(verb == "power_cut" for verb, _ in self._plan.steps):
            self._say("time passes: couriers look again, as those do that take over")
            self._owners = [None] * len(OWNERS)
            self._until_quiet()

    def _until_quiet(self) -> None:
        quiet = 0
        for _ in range(ROUNDS_MAX):
            before = self._state()
            for number in range(0, len(OWNERS), 2):
                self.go(number)
            quiet = quiet + 1 if self._state() == before else 0
            if quiet > 60:
                return
        raise WrongError("it never ends")

    def go(self, number: int) -> None:
        """An owner goes on: what it asked is carried a step, or it begins a new life."""
        number %= len(OWNERS)
        owner = self._owners[number]
        if owner is None or owner.call is None:
            self._owners[number] = self._owner(*OWNERS[number])
            return
        answer = (call := owner.call).carry()
        self._say("{}: {}: {}", owner.name, call, answer or "half done")
        if answer:
            owner.hear(answer)

    def tell(self, _number: int) -> None:
        """Ingest accepts the next fact."""
        if self._waiting:
            subject, fact = self._waiting.pop(0)
            self._say("told of {}…{}: {} {} {}", subject[18], subject[-1], fact.kind, fact.id, dict(fact.data))
            self.publisher.append(partition_of(subject), message(fact, subject))

    def vanish(self, number: int) -> None:
        """A message that nobody waits for never arrives."""
        sent = [stray for stray in self._strays if stray.name == "publish"]
        if sent:
            self._say("lost on its way: publish")
            self._strays.remove(sent[number % len(sent)])

    def _owner(self, partition: int, number: int) -> Owner:
        journal = cast("Journal", Port(lambda: self.journal, JournalError))
        histories = cast("Histories", Port(lambda: self.histories, HistoriesError))
        publisher = cast("Publisher", Port(lambda: self.publisher, LogError))
        ends = cast("LogEnds", Port(lambda: FakeLogEnds(self.publisher), LogError))
        log = cast("Log", Port(lambda: Log(self.publisher), LogError))
        followed = self._rules.partition(partition, journal, histories, retry_seconds=0)
        courier = self._rules.courier(partition, journal, publisher, ends) if partition != MERGED_PARTITION else None
        return Owner(f"owner {number} of {partition}", follow(followed, courier, log))

    def _state(self) -> tuple[Any, ...]:
        logs = self.publisher.logs
        return tuple((len(self.journal.rows(one)), len(logs[one])) for one in PARTITIONS)


def planned(seed: int) -> Plan:
    """The run of a seed."""
    random = Random(seed)
    told: list[tuple[str, Fact]] = []
    for number in range(random.randint(2, 9)):
        subject, fact, chance = random.choice(PERSONS[:3]), _fact(random, number), random.random()
        if told and chance < 0.1:
            subject, fact = random.choice(told)
        elif chance < 0.4:
            fact = fact._replace(kind="identity_merge", data={"other": random.choice(PERSONS[:3])})
        elif told and chance < 0.5:
            subject, target = random.choice(told)
            fact = fact._replace(kind="void", data={"target": {"source": target.source, "id": target.id}})
        told.append((subject, fact))
    clocks = [random.choice((0, 30_000, 90_000)) for _ in PARTITIONS]
    verbs = random.choices(_VERBS, _WEIGHTS, k=random.randint(20, 250))
    return Plan(told, clocks, [Step(verb, random.randrange(12)) for verb in verbs])


def why_wrong(plan: Plan, rules: Rules, trace: list[str] | None = None) -> str | None:
    """Why a run ends otherwise than it must, None if it does not; what happens in it is added to `trace`."""
    world = World(plan, rules, trace)
    try:
        with small_batches():
            world.play()
        _compare(world)
    except WrongError as error:
        return str(error)
    return None


def _compare(world: World) -> None:
    rows = {one: world.journal.rows(one) for one in PARTITIONS}
    for partition, kept in rows.items():
        if kept != kept_by_one(world.publisher.logs[partition]):
            raise WrongError(f"partition {partition} is not what one fold of its log makes")
    everything = [row for one in PARTITIONS for row in rows[one]]
    people = reference.persons(told_in(everything)).values()
    ledger = [entry for _, entry in ledger_of(everything)]
    if flows_of(ledger) != reference.flows(people):
        raise WrongError("the movements are not those of the reference count")
    for day in DAYS:
        if stock_of(ledger, day) != reference.stock(people, day):
            raise WrongError(f"the stock of day {day} is not that of the reference count")
    _nobody_is_double(everything)
    _histories_come_whole(rows[MERGED_PARTITION], [row for one in ORDINARY for row in rows[one]])


def _histories_come_whole(merged: Sequence[Consumed], others: Sequence[Consumed]) -> None:
    """The first that the merged partition hears of a token is all that was counted of it until it was named."""
    heard: set[str] = set()
    for row in merged:
        token, fact = row.message.subject, row.message.fact
        if fact and token not in heard:
            heard.add(token)
            counted = [one for one in others if one.message.subject == token and one.outcome in ("counted", "copied")]
            named = next(n for n, one in enumerate(counted) if one.message.fact and one.message.fact.kind in NAMING)
            until = [one.message.id for one in counted[: named + 1] if one.outcome == "counted"]
            if [said[1] for said in fact.data["facts"]] != until:
                raise WrongError("a person was shown by a part of its history")


def _nobody_is_double(rows: Sequence[Consumed]) -> None:
    """As known at any moment."""
    for known_at in sorted({row.recorded_at_ms for row in rows if row.entries}):
        if said := double([row for row in rows if row.recorded_at_ms <= known_at]):
            raise WrongError(f"as known at {known_at} {said}")


def first_wrong(seeds: Sequence[int], rules: Rules) -> int | None:
    """The first of these seeds whose run ends wrong; None if all end as they must."""
    return next((seed for seed in seeds if why_wrong(planned(seed), rules)), None)


def explained(seed: int, rules: Rules) -> str:
    """The shortest run found that ends wrong as that of this seed does, step by step."""
    plan = shortened(planned(seed), lambda shorter: bool(why_wrong(shorter, rules)))
    trace: list[str] = []
    return "\n  ".join((f"merged, seed={seed}: {why_wrong(plan, rules, trace)}", *trace))


def shortened(plan: Plan, is_wrong: Callable[[Plan], bool]) -> Plan:
    """A plan that is still wrong, out of which no single step or fact can be left."""
    while (shorter := next(filter(is_wrong, _shorter(plan)), None)) is not None:
        plan = shorter
    return plan


def _shorter(plan: Plan) -> Iterator[Plan]:
    size = len(plan.steps)
    while size:
        for start in range(0, len(plan.steps), size):
            yield plan._replace(steps=[*plan.steps[:start], *plan.steps[start + size :]])
        size //= 2
    for gone in range(len(plan.told)):
        yield plan._replace(told=[*plan.told[:gone], *plan.told[gone + 1 :]])
