"""Blocked sources in Redis: a count of bad messages per source and window, and a hash of who is blocked since when."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.ports import BlocksError

PATIENCE_SECONDS = 1.0
_BLOCKED = "siep:{blocks}:since"
_COUNT = """
local counted = redis.call('INCRBY', KEYS[1], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
if counted <= tonumber(ARGV[3]) then return 0 end
return redis.call('HSETNX', KEYS[2], ARGV[4], ARGV[5])
"""


class RedisBlocks:
    """See shared.ports.Blocks."""

    def __init__(self, redis: Redis, limit: int, window: timedelta) -> None:
        self._redis = redis
        self._limit = limit
        self._seconds = int(window.total_seconds())
        self._count = redis.register_script(_COUNT)

    async def count(self, source: str, bad: int, now: datetime) -> bool:
        """See shared.ports.Blocks."""
        keys = [self._counter(source, now), _BLOCKED]
        given: list[str | int] = [bad, 2 * self._seconds, self._limit, source, now.isoformat()]
        return bool(await _answered(self._count(keys, given)))

    async def blocked(self) -> Mapping[str, str]:
        """See shared.ports.Blocks."""
        found = await _answered(self._redis.hgetall(_BLOCKED))
        return {source.decode(): since.decode() for source, since in found.items()}

    async def release(self, source: str, now: datetime) -> bool:
        """See shared.ports.Blocks."""
        await _answered(self._redis.delete(self._counter(source, now)))
        return bool(await _answered(self._redis.hdel(_BLOCKED, source)))

    def _counter(self, source: str, now: datetime) -> str:
        return f"siep:{{blocks}}:bad:{source}:{int(now.timestamp()) // self._seconds}"


async def _answered(answer: Any) -> Any:
    """The answer, if it comes soon: whoever sends facts waits for it."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await answer
    except (RedisError, TimeoutError) as error:
        raise BlocksError(str(error) or type(error).__name__) from error
