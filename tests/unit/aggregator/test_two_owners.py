"""Two owners of one partition that are not fenced, any interleaving, any mishap: each offset is kept exactly once."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregator.handlers import Partition
from services.aggregator.verify import MemoryHistories
from shared.domain.facts import Fact
from shared.ports import Consumed, Position, Record
from tests.support.fakes import FakeJournal, Mishap
from tests.support.histories import histories
from tests.support.logs import APPENDED_MS, message, records, token

MISHAPS = st.sampled_from(("", "", "lost", "late", "unanswered", "burnt"))
NOW_MS = APPENDED_MS + 3_600_000


def log_of(people: list[list[Fact]]) -> list[Record]:
    """The facts of several people, taking turns."""
    longest = max(map(len, people))
    turns = [(n, person[i]) for i in range(longest) for n, person in enumerate(people) if i < len(person)]
    return records(message(fact, token(n)) for n, fact in turns)


async def follow(partition: Partition, log: list[Record], sizes: list[int]) -> None:
    """Consume the whole log in batches of these sizes, as an owner does that may stall at every await."""
    position = await partition.take_over()
    turn = 0
    while position.next_offset < len(log):
        size = sizes[turn % len(sizes)]
        position = await partition.consume(log[position.next_offset : position.next_offset + size], position, NOW_MS)
        turn += 1


async def kept_by_one(log: list[Record]) -> list[Consumed]:
    journal = FakeJournal()
    await follow(Partition(0, journal, MemoryHistories(), retry_seconds=0), log, [1])
    return journal.rows[0]


@given(
    st.lists(histories(max_size=5), min_size=1, max_size=3),
    st.lists(MISHAPS, max_size=12),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
)
@settings(max_examples=150, deadline=None)
def test_two_unfenced_owners_keep_what_one_would_keep(
    people: list[list[Fact]], mishaps: list[Mishap], first: list[int], second: list[int]
) -> None:
    log = log_of(people)
    journal = FakeJournal(lambda: mishaps.pop() if mishaps else "")
    shared_histories = MemoryHistories()

    async def run() -> None:
        owners = (Partition(0, journal, shared_histories, retry_seconds=0) for _ in range(2))
        await asyncio.gather(*(follow(owner, log, sizes) for owner, sizes in zip(owners, (first, second), strict=True)))

    asyncio.run(run())
    assert journal.rows[0] == asyncio.run(kept_by_one(log))


@given(st.lists(histories(max_size=5), min_size=1, max_size=3), st.integers(0, 10))
@settings(max_examples=50, deadline=None)
def test_histories_lost_in_the_middle_are_rebuilt_from_the_journal(people: list[list[Fact]], lost_at: int) -> None:
    log = log_of(people)
    journal = FakeJournal()

    async def run() -> None:
        position, kept = Position(0, 0, 0), MemoryHistories()
        for offset, record in enumerate(log):
            kept = MemoryHistories() if offset == lost_at else kept
            position = await Partition(0, journal, kept, retry_seconds=0).consume([record], position, NOW_MS)

    asyncio.run(run())
    assert journal.rows[0] == asyncio.run(kept_by_one(log))
