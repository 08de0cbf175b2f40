"""Connections to Redis: the only place that builds a client."""

from __future__ import annotations

from redis.asyncio import Redis

__all__ = ["Redis", "connect_redis"]


SILENT_SECONDS = 10
"""A connection that falls silent without closing is given up, so that it does not hold a partition."""


def connect_redis(url: str) -> Redis:
    """A client of the Redis at this address; the caller closes it."""
    return Redis.from_url(url, socket_timeout=SILENT_SECONDS, socket_connect_timeout=SILENT_SECONDS)
