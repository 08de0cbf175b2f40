"""How a period is cut into pieces: half-open, by calendar, the first and the last as short as the period makes them."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

from shared.domain.measures import Interval

_MONTHS = {Interval.MONTH: 1, Interval.QUARTER: 3, Interval.YEAR: 12}
ONE_DAY = timedelta(days=1)


@lru_cache(maxsize=1_000)  # an answer asks for the same ones at several places
def pieces(start: date, end: date, interval: Interval | None) -> tuple[tuple[date, date], ...]:
    """The pieces [from, to) of the period [start, end), in order; without an interval the period is one piece."""
    if interval is None:
        return ((start, end),)
    borders = [start]
    while (border := _next(borders[-1], interval)) < end:
        borders.append(border)
    return tuple(zip(borders, [*borders[1:], end], strict=True))


def _next(day: date, interval: Interval) -> date:
    """The first day of the calendar's next day, month, quarter or year."""
    if interval is Interval.DAY:
        return day + ONE_DAY
    months = _MONTHS[interval]
    index = (day.year * 12 + day.month - 1) // months * months + months
    return date(index // 12, index % 12 + 1, 1)
