"""The only reader of the time: everything else is given a clock or a moment."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Says what time it is."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one place that reads the machine's clock


class FixedClock:
    """A clock that stands still until it is moved: tests, replays, simulations."""

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError("a clock needs a moment with an offset")
        self._at = at.astimezone(UTC)

    def now(self) -> datetime:
        """The moment at which the clock stands, aware, in UTC."""
        return self._at

    def advance(self, by: timedelta) -> None:
        """Move the clock by this much; a negative amount moves it back, as a machine's clock may."""
        self._at += by
