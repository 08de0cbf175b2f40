"""What a store of blocked sources promises, held against the one in memory and the one in Valkey."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from redis.asyncio import Redis

from shared.adapters.redis.blocks import RedisBlocks
from shared.ports import Blocks, BlocksError
from tests.support.receipts import FakeBlocks

NOW = datetime(2026, 1, 31, 12, 3, tzinfo=UTC)
WINDOW = timedelta(minutes=10)
LIMIT = 5


@pytest.fixture(params=["memory", "valkey"])
async def blocks(request: pytest.FixtureRequest) -> AsyncIterator[Blocks]:
    if request.param == "memory":
        yield FakeBlocks(LIMIT, WINDOW)
        return
    async with Redis.from_url(request.getfixturevalue("valkey_address")) as redis:
        await redis.flushdb()
        yield RedisBlocks(redis, LIMIT, WINDOW)


async def test_up_to_the_limit_nobody_is_blocked(blocks: Blocks) -> None:
    assert [await blocks.count("ep-001", bad, NOW) for bad in (2, 3)] == [False, False]
    assert await blocks.blocked() == {}


async def test_one_more_blocks_once_and_says_since_when(blocks: Blocks) -> None:
    assert not await blocks.count("ep-001", LIMIT, NOW)
    later = NOW + timedelta(minutes=1)
    assert await blocks.count("ep-001", 1, later)
    assert not await blocks.count("ep-001", 9, later + timedelta(seconds=1))
    assert await blocks.blocked() == {"ep-001": later.isoformat()}


async def test_others_are_counted_for_themselves(blocks: Blocks) -> None:
    assert await blocks.count("ep-001", LIMIT + 1, NOW)
    assert not await blocks.count("ep-002", LIMIT, NOW)
    assert set(await blocks.blocked()) == {"ep-001"}


async def test_another_window_begins_at_nil_and_a_block_outlasts_its_own(blocks: Blocks) -> None:
    assert not await blocks.count("ep-001", LIMIT, NOW)
    assert not await blocks.count("ep-001", LIMIT, NOW + WINDOW)
    assert await blocks.count("ep-001", 1, NOW + WINDOW)
    assert not await blocks.count("ep-001", 1, NOW + 3 * WINDOW)
    assert set(await blocks.blocked()) == {"ep-001"}


async def test_a_release_ends_the_block_and_forgets_the_count(blocks: Blocks) -> None:
    await blocks.count("ep-001", LIMIT + 1, NOW)
    assert await blocks.release("ep-001", NOW)
    assert not await blocks.release("ep-001", NOW)
    assert await blocks.blocked() == {}
    assert not await blocks.count("ep-001", LIMIT, NOW)
    assert await blocks.count("ep-001", 1, NOW)


async def test_a_store_that_does_not_answer_is_said_so() -> None:
    async with Redis.from_url("redis://127.0.0.1:1/0") as nobody:
        blocks = RedisBlocks(nobody, LIMIT, WINDOW)
        for ask in (blocks.blocked(), blocks.count("ep-001", 1, NOW), blocks.release("ep-001", NOW)):
            with pytest.raises(BlocksError):
                await ask
