"""A partition that nobody follows any more is seen by those who ask how the aggregator stands."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request

from services.aggregator.app import Followers, _health
from services.aggregator.verify import MemoryHistories
from shared.ports import JournalError, Record
from shared.runtime.clock import FixedClock
from shared.runtime.settings import Settings
from tests.support.fakes import FakeJournal
from tests.support.merged import FakeLogEnds, FakePublisher


class BrokenJournal(FakeJournal):
    """Fails in a way that no port promises."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    async def missing(self, partition: int) -> int:
        raise self.error from KeyError(partition)


class Log:
    """The part of the reader that is heard of what was revoked."""

    def __init__(self) -> None:
        self.forgotten: set[int] = set()

    def forget(self, partitions: Iterable[int]) -> None:
        self.forgotten |= set(partitions)


def followers(error: Exception) -> Followers:
    settings = Settings(clickhouse_password=SecretStr("secret"))
    clock = FixedClock(datetime(2026, 1, 10, tzinfo=UTC))
    journal, log = BrokenJournal(error), Log()
    return Followers(settings, clock, log, journal, MemoryHistories(), FakePublisher(), FakeLogEnds())  # type: ignore[arg-type]


async def health(of: Followers) -> tuple[int, bytes]:
    app = Starlette()
    app.state.followers, app.state.watch = of, SimpleNamespace(found={})
    answer = await _health(Request({"type": "http", "app": app}))
    return answer.status_code, bytes(answer.body)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (KeyError("nowhere"), "[KeyError] was not expected: see the log"),
        (AssertionError(), "an invariant of the fold does not hold: see the log"),
    ],
)
async def test_a_partition_that_fails_as_nobody_expected_is_told_by_health(error: Exception, why: str):
    following = followers(error)
    await following.assigned({3})
    await asyncio.wait_for(following.tasks[3], 5)
    assert following.stopped == {3: why}
    status, body = await health(following)
    assert status == 503
    assert why.encode() in body


async def test_the_position_of_what_is_revoked_is_not_told_any_more():
    following = followers(KeyError())
    following.positions |= {1: 70, 2: 80}
    await following.revoked({1})
    assert following.positions == {2: 80}
    assert following.log.forgotten == {1}  # type: ignore[attr-defined]


class DeafJournal(FakeJournal):
    """Answers an error to whoever is cancelled in the middle of the first question, as `wait_for` of Python 3.11 can."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = asyncio.Event()

    async def missing(self, _partition: int) -> int:
        if self.asked.is_set():
            await asyncio.Event().wait()
        self.asked.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise JournalError("the answer came just then") from None
        return 0


async def test_a_partition_is_let_go_even_if_a_library_swallows_the_cancelling():
    """The group waits for this, and all other partitions with it."""
    journal = DeafJournal()
    following = followers(KeyError())
    following.journal = journal
    await following.assigned({3})
    task = following.tasks[3]
    await journal.asked.wait()
    async with asyncio.timeout(10):
        await following.revoked({3})
    assert task.cancelled()
    assert following.tasks == {}


class Trickle(Log):
    """One record for each reading, as when the client has fetched no more than that ahead."""

    async def read(self, _partition: int, start: int, **_limits: int) -> list[Record]:
        await asyncio.sleep(0.005)
        return [Record(start, 0, b"")]


async def test_a_batch_holds_what_came_until_its_turn_and_not_only_what_was_fetched_first():
    following = followers(KeyError())
    following.log = Trickle()  # type: ignore[assignment]
    records = await following._gathered([], 0, 7, asyncio.get_running_loop().time() + 0.2)
    assert len(records) > 1
    assert [record.offset for record in records] == list(range(7, 7 + len(records)))
