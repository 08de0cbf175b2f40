"""Waits for what must become true, and says what did not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(holds: Callable[[], Awaitable[bool]], what: str, *, seconds: float = 60) -> None:
    """Return once it holds; fail after so many seconds."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + seconds
    while not await holds():
        assert loop.time() < limit, f"after {seconds} s it is still not so: {what}"
        await asyncio.sleep(0.05)
