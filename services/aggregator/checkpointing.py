"""Makes a checkpoint of each month that the log has passed, so that figures need not begin at the first day."""

from __future__ import annotations

import asyncio
import logging

from shared.ports import Checkpoints, JournalError

log = logging.getLogger(__name__)

EVERY_SECONDS = 600.0
"""A month ends once; until its checkpoint is there, figures begin at the one before."""


async def make_due(checkpoints: Checkpoints) -> None:
    """Make all that are due. Several instances may make the same; a journal that does not answer is asked next time."""
    try:
        for month in await checkpoints.due():
            await checkpoints.make(month)
            log.info("checkpoint made", extra={"month": month.isoformat()})
    except JournalError as error:
        log.warning("checkpoints not made", extra={"why": str(error)[:300]})


async def make_for_ever(checkpoints: Checkpoints) -> None:
    """Make what is due, wait, look again, until cancelled."""
    while True:
        await make_due(checkpoints)
        await asyncio.sleep(EVERY_SECONDS)
