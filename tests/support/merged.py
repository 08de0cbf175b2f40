"""A small world of merged persons in memory: two ordinary partitions and that of merged persons, with their logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any, TypeVar

from services.aggregator.courier import Courier
from services.aggregator.handlers import Partition
from services.aggregator.verify import MemoryHistories
from shared.contracts.topics import MERGED_PARTITION, PARTITIONS, partition_of
from shared.domain.facts import Fact
from shared.domain.ledger import Entry
from shared.domain.merging import persons
from shared.ports import Consumed, DeadLetter, Outgoing, Record
from tests.support.fakes import FakeJournal
from tests.support.logs import APPENDED_MS, message
from tests.support.sums import first_of_each

NOW_MS = 1 << 60
ORDINARY = (0, 1)
T = TypeVar("T")


def token_in(partition: int, number: int) -> str:
    """The token of an invented person whose facts lie in this partition."""
    return f"k1:{partition:016x}{number:048x}"


PERSONS = (token_in(0, 2), token_in(1, 1), token_in(0, 3), token_in(1, 4))


def run(work: Coroutine[Any, Any, T]) -> T:
    """What it returns; nothing is waited for."""
    while True:
        try:
            work.send(None)
        except StopIteration as done:
            value: T = done.value
            return value


class FakePublisher:
    """The log of record in memory: every partition with a clock of its own."""

    def __init__(self) -> None:
        self.logs: defaultdict[int, list[Record]] = defaultdict(list)
        self.clocks: dict[int, int] = {}

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        """See shared.ports.Publisher."""
        assert not letters, "aggregators refuse nothing"
        for partition, _, value in messages:
            self.append(partition, value)

    async def ready(self) -> bool:
        """See shared.ports.Publisher."""
        return True

    def append(self, partition: int, value: bytes, pause_ms: int = 1_000) -> None:
        """The broker takes one message more."""
        log = self.logs[partition]
        self.clocks[partition] = self.clocks.get(partition, APPENDED_MS) + pause_ms
        log.append(Record(len(log), self.clocks[partition], value))


class FakeLogEnds:
    """The ends of a log in memory; nobody's log is empty."""

    def __init__(self, publisher: FakePublisher | None = None) -> None:
        self._publisher = publisher or FakePublisher()

    async def ends(self) -> tuple[int, ...]:
        """See shared.ports.LogEnds."""
        return tuple(len(self._publisher.logs[number]) for number in range(PARTITIONS))


class SmallCountry:
    """Each partition with an owner and a courier, none of whom does anything until told to."""

    def __init__(self, publisher: FakePublisher | None = None) -> None:
        self.journal = FakeJournal()
        self.histories = MemoryHistories()
        self.publisher = publisher or FakePublisher()
        numbers = (*ORDINARY, MERGED_PARTITION)
        self._owners = {one: Partition(one, self.journal, self.histories, retry_seconds=0) for one in numbers}
        ends = FakeLogEnds(self.publisher)
        self._couriers = {one: Courier(one, self.journal, self.publisher, ends) for one in ORDINARY}

    def tell(self, subject: str, fact: Fact) -> None:
        """Ingest accepts a fact."""
        self.publisher.append(partition_of(subject), message(fact, subject))

    def consume(self, partition: int, most: int) -> bool:
        """Count at most so many records of a partition; whether there were any."""
        position = run(self.journal.position(partition))
        records = self.publisher.logs[partition][position.next_offset :][:most]
        run(self._owners[partition].consume(records, position, NOW_MS))
        return bool(records)

    def deliver(self, partition: int) -> None:
        """Let the courier of an ordinary partition go once."""
        run(self._couriers[partition].deliver())

    def finish(self) -> None:
        """Until nothing is under way any more."""
        going = True
        while going:
            for partition in ORDINARY:
                self.deliver(partition)
            going = sum(self.consume(partition, 100) for partition in (*ORDINARY, MERGED_PARTITION)) > 0

    def rows(self, partition: int) -> list[Consumed]:
        """What the journal keeps of a partition."""
        return self.journal.rows(partition)


def told_in(rows: Iterable[Consumed]) -> dict[str, list[Fact]]:
    """The facts of each token that ordinary partitions consumed, the first of each identity."""
    told: defaultdict[str, list[Fact]] = defaultdict(list)
    for row in rows:
        if row.message.fact and row.outcome in ("counted", "duplicate", "conflict"):
            told[row.message.subject].append(row.message.fact)
    return {token: first_of_each(facts) for token, facts in told.items()}


def ledger_of(rows: Iterable[Consumed]) -> list[tuple[str, Entry]]:
    """Every entry with whom it is about."""
    return [
        (subject, entry)
        for row in rows
        for subject, entry in zip(row.subjects or [row.message.subject] * len(row.entries), row.entries, strict=True)
    ]


def double(rows: Sequence[Consumed]) -> str | None:
    """Who stands at two places by these rows, None if nobody does.

    Persons are what the merged partition connects by then: if it counts one, no token of it counts anywhere else. Each
    token that has not moved yet counts once, as it did before.
    """
    merged = [row for row in rows if row.message.fact and row.message.fact.kind == "moved"]
    facts: dict[str, list[Fact]] = {token: [] for token in PERSONS}
    for row in merged:
        if row.message.fact and row.outcome == "copied":
            facts[row.message.subject] += [Fact(*one) for one in row.message.fact.data["facts"]]
    there = _custody(merged)
    elsewhere = _custody(row for row in rows if row not in merged)
    for person in persons(facts):
        for at_ms in {entry.effective_ms for _, entry in there + elsewhere}:
            counts = [_inside(elsewhere, at_ms, {token}) for token in person]
            count = _inside(there, at_ms, set(person))
            if count not in (0, 1) or set(counts) - {0, 1} or (count and any(counts)):
                return f"a person is inside {count} times among the merged, and {counts} elsewhere"
    return None


def _custody(rows: Iterable[Consumed]) -> list[tuple[str, Entry]]:
    return [one for one in ledger_of(rows) if one[1].book == "custody"]


def _inside(ledger: Iterable[tuple[str, Entry]], at_ms: int, tokens: set[str]) -> int:
    return sum(entry.stock_delta for subject, entry in ledger if subject in tokens and entry.effective_ms <= at_ms)
