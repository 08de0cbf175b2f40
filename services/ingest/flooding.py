"""A source that sends too many bad messages is blocked until INPE releases it; no other source is held up.

The count and the blocks are shared by all instances through a store. Each instance keeps a copy of the blocks, so a
good fact asks nobody. While the store is away nothing new is blocked and facts are taken: it must never stop the door.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from services.ingest.faults import Fault
from shared.ports import Blocks, BlocksError

log = logging.getLogger(__name__)

LIMIT = 5_000
"""Bad messages of one source within a window. One request lists at most 1,000, so nobody gets here by one mistake."""
WINDOW = timedelta(minutes=10)
REFRESH_SECONDS = 1.0
"""So long another instance may go on taking from a source that was just blocked, or refuse one just released."""

BLOCKED = Fault(
    "source",
    "blocked",
    f"at most {LIMIT} bad messages within {WINDOW.seconds // 60} minutes: correct what you send, ask INPE to "
    "release you, then send it again",
)


class FloodGuard:
    """Counts the bad messages of sources that are known, and says who is blocked."""

    def __init__(self, blocks: Blocks, sources: Collection[str]) -> None:
        self._blocks = blocks
        self._sources = frozenset(sources)
        self._blocked: Mapping[str, str] = {}

    @property
    def blocked(self) -> Mapping[str, str]:
        """Who is blocked and since when (ISO), as far as this instance has heard."""
        return self._blocked

    async def note(self, source: str | None, bad: int, now: datetime) -> None:
        """Count messages of this source that were quarantined or rejected; a log line tells when that blocks it.

        Anybody can write anything as a source into Kafka: what no key belongs to is not counted.
        """
        if not bad or source is None or source not in self._sources or source in self._blocked:
            return
        try:
            fresh = await self._blocks.count(source, bad, now)
        except BlocksError:
            log.warning("bad messages are not counted: the store of blocks does not answer")
            return
        if fresh:
            self._blocked = {**self._blocked, source: now.isoformat()}
            log.error("source blocked", extra={"source": source, "limit": LIMIT, "minutes": WINDOW.seconds // 60})

    async def release(self, source: str, now: datetime) -> bool:
        """Take from this source again, its count at nil; False if it was not blocked. Raises BlocksError."""
        released = await self._blocks.release(source, now)
        if released:
            log.warning("source released", extra={"source": source})
        await self.refresh()
        return released

    async def refresh(self) -> None:
        """Hear who is blocked by now. Raises BlocksError."""
        self._blocked = await self._blocks.blocked()

    async def refresh_for_ever(self) -> None:
        """Hear it every second, until cancelled."""
        heard = True
        while True:
            try:
                await self.refresh()
                heard = True
            except BlocksError:
                if heard:
                    log.warning("blocks stay as they are: their store does not answer")
                heard = False
            await asyncio.sleep(REFRESH_SECONDS)
