"""A journal that comes back without its last rows is seen, wherever an owner stands by what it knew before."""

from __future__ import annotations

import pytest

from services.aggregator.handlers import Partition
from shared.domain.facts import DAY_MS, Fact
from shared.ports import JournalError, LogError, Position, Record
from tests.support.fakes import FakeHistories, FakeJournal
from tests.support.logs import APPENDED_MS, message, records, token

NOW_MS = APPENDED_MS + 3_600_000


def log() -> list[Record]:
    facts = (Fact("ep-001", f"f{n}", "absence_end", n * DAY_MS, {"establishment": "ep-001"}) for n in range(6))
    return records(message(fact, token(1)) for fact in facts)


async def shortened() -> tuple[FakeJournal, FakeHistories, Position]:
    """A journal that held four offsets in two parts and lost the second; and the position before that."""
    journal, histories = FakeJournal(), FakeHistories()
    partition = Partition(0, journal, histories, retry_seconds=0)
    position = await partition.consume(log()[:2], await partition.take_over(), NOW_MS)
    position = await partition.consume(log()[2:4], position, NOW_MS)
    journal.lose_last(1, with_tokens=False)
    return journal, histories, position


async def test_records_are_not_kept_at_a_place_that_is_not_theirs() -> None:
    journal, histories, position = await shortened()
    partition = Partition(0, journal, histories, retry_seconds=0)
    position = await partition.consume(log()[4:], position, NOW_MS)
    assert position.next_offset == 2
    with pytest.raises(LogError, match=r"begin at \[4\], but the journal goes on at \[2\]"):
        await partition.consume(log()[4:], position, NOW_MS)
    assert [row.offset for row in journal.rows(0)] == [0, 1]


async def test_histories_are_not_rebuilt_from_it() -> None:
    journal, _, position = await shortened()
    histories = FakeHistories()
    with pytest.raises(JournalError, match=r"ends before offset \[4\]"):
        await Partition(0, journal, histories, retry_seconds=0).consume(log()[4:], position, NOW_MS)
    assert (await histories.read(0, [])).mark == 0
