"""Connections to Redis: the only place that builds a client."""

from __future__ import annotations

from redis.asyncio import Redis

__all__ = ["Redis", "connect_redis"]


def connect_redis(url: str) -> Redis:
    """A client of the Redis at this address; the caller closes it."""
    return Redis.from_url(url)
