"""How periods are cut: by the calendar, half-open, nothing left out and nothing twice."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.measures import Interval
from shared.domain.periods import pieces

DAYS = st.dates(date(1995, 1, 1), date(2030, 12, 31))
FIRST_MONTHS = {Interval.MONTH: range(1, 13), Interval.QUARTER: (1, 4, 7, 10), Interval.YEAR: (1,)}


@pytest.mark.parametrize(
    ("interval", "borders"),
    [
        (Interval.DAY, ["2024-02-28", "2024-02-29", "2024-03-01"]),
        (Interval.MONTH, ["2023-12-15", "2024-01-01", "2024-02-01", "2024-02-03"]),
        (Interval.QUARTER, ["2023-12-15", "2024-01-01", "2024-04-01", "2024-05-01"]),
        (Interval.YEAR, ["2023-12-15", "2024-01-01", "2025-01-01"]),
        (None, ["2023-12-15", "2025-01-01"]),
    ],
)
def test_a_period_is_cut_by_the_calendar(interval: Interval | None, borders: list[str]) -> None:
    days = [date.fromisoformat(border) for border in borders]
    assert pieces(days[0], days[-1], interval) == tuple(pairwise(days))


@given(DAYS, st.integers(1, 1_500), st.sampled_from([None, *Interval]))
def test_pieces_are_the_period(start: date, length: int, interval: Interval | None) -> None:
    end = start + timedelta(days=length)
    cut = pieces(start, end, interval)
    assert (cut[0][0], cut[-1][1]) == (start, end)
    assert all(first < last for first, last in cut)
    assert all(before[1] == after[0] for before, after in pairwise(cut))
    if interval in FIRST_MONTHS:
        assert all(first.day == 1 and first.month in FIRST_MONTHS[interval] for first, _ in cut[1:])
