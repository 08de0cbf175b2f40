"""`python -m tests.faults.wrong_clock`: an aggregator whose clock is an hour slow.

The wall clock of the machine stays as it is, and no service has a setting to shift its own: what every service reads
the time with is given another answer here, before the service starts.
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta

from services.aggregator.__main__ import main
from shared.runtime.clock import SystemClock

SLOW = timedelta(hours=1)


def _shift() -> None:
    right = SystemClock.now

    def now(clock: SystemClock) -> datetime:
        return right(clock) - SLOW

    SystemClock.now = now  # type: ignore[method-assign]  # the point of this module


if __name__ == "__main__":
    _shift()
    sys.exit(main([]))
