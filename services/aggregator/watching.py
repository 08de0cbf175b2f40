"""Looks again and again whether the ledger obeys its laws. It stops nothing: it tells."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from shared.contracts.questions import FiguresUnavailableError
from shared.domain.laws import SAMPLES
from shared.ports import Figures
from shared.runtime.clock import Clock

log = logging.getLogger(__name__)

EVERY_SECONDS = 600.0
"""The laws read every entry. Everybody has been looked at, and folded again, once after eleven hours."""


class Watch:
    """What the last look found, for the health page and the log."""

    def __init__(self, figures: Figures, clock: Clock) -> None:
        self._figures = figures
        self._clock = clock
        self.found: dict[str, Any] = {}

    async def run(self) -> None:
        """Look, wait, look again, until cancelled."""
        while True:
            try:
                await self.look()
            except Exception:  # a watch that ended unseen would look as if all held
                log.critical("the laws cannot be checked", exc_info=True)
            await asyncio.sleep(EVERY_SECONDS)

    async def look(self) -> None:
        """Look once, at the sample of persons whose turn the clock says it is, so that a restart begins nothing anew.

        A journal that does not answer leaves what was found before.
        """
        sample = int(self._clock.now().timestamp() // EVERY_SECONDS) % SAMPLES
        try:
            verdicts, rests_on = await self._figures.laws(sample)
        except FiguresUnavailableError as error:
            log.warning("laws not checked", extra={"why": str(error)})
            return
        if not any(rests_on.position.next_offsets):
            return  # of a journal that holds nothing yet every law holds, and nothing was looked at
        broken = {one.law: {"cases": one.broken, "example": one.example} for one in verdicts if one.broken}
        checked_at = self._clock.now().isoformat(timespec="seconds")
        self.found = {"checked_at": checked_at, "position": str(rests_on.position), "broken": broken}
        if broken:
            log.critical("the ledger breaks its laws: run verify", extra={"broken": broken})
