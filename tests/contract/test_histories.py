"""What a store of histories promises, held against the one in memory and the one in Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from shared.adapters.redis.histories import RedisHistories
from shared.domain.facts import Fact
from shared.ports import Histories, HistoriesError, LoggedFact
from tests.support.fakes import FakeHistories


def logged(offset: int, subject: str = "k1:a") -> LoggedFact:
    fact = Fact("ep-001", f"f{offset}", "profile_change", 1_700_000_000_000 + offset, {"profile": {"sex": "female"}})
    return LoggedFact(offset, subject, fact)


@pytest.fixture(params=["memory", "valkey"])
async def histories(request: pytest.FixtureRequest) -> AsyncIterator[Histories]:
    if request.param == "memory":
        yield FakeHistories()
        return
    async with Redis.from_url(request.getfixturevalue("valkey_address")) as redis:
        await redis.flushdb()
        yield RedisHistories(redis, "journal_3")


async def test_an_empty_store_stands_at_the_beginning(histories: Histories) -> None:
    assert await histories.read(0, ["k1:a"]) == (0, {"k1:a": []})


async def test_added_facts_are_read_back_in_order(histories: Histories) -> None:
    assert await histories.add(0, 0, 5, [logged(1), logged(2, "k1:b"), logged(4)])
    assert await histories.add(0, 5, 9, [logged(7)])
    known = await histories.read(0, ["k1:a", "k1:b", "k1:c"])
    assert known.mark == 9
    assert known.histories == {
        "k1:a": [(n, logged(n).fact) for n in (1, 4, 7)],
        "k1:b": [(2, logged(2).fact)],
        "k1:c": [],
    }


async def test_a_range_that_does_not_touch_the_mark_adds_nothing(histories: Histories) -> None:
    assert await histories.add(0, 0, 5, [logged(1)])
    assert not await histories.add(0, 0, 5, [logged(1)])
    assert not await histories.add(0, 6, 9, [logged(7)])
    assert await histories.read(0, ["k1:a"]) == (5, {"k1:a": [(1, logged(1).fact)]})


async def test_a_range_without_counted_facts_moves_the_mark(histories: Histories) -> None:
    assert await histories.add(0, 0, 3, [])
    assert (await histories.read(0, [])).mark == 3


async def test_partitions_do_not_see_each_other(histories: Histories) -> None:
    assert await histories.add(0, 0, 5, [logged(1)])
    assert await histories.read(1, ["k1:a"]) == (0, {"k1:a": []})


async def test_a_copy_of_the_one_in_memory_stays_as_it_was() -> None:
    histories = FakeHistories()
    assert await histories.add(0, 0, 5, [logged(1)])
    copy = histories.copied()
    assert await histories.add(0, 5, 9, [logged(7)])
    assert await copy.read(0, ["k1:a"]) == (5, {"k1:a": [(1, logged(1).fact)]})


async def test_a_store_that_does_not_answer_says_so() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        with pytest.raises(HistoriesError):
            await RedisHistories(nobody, "journal_3").read(0, ["k1:a"])
