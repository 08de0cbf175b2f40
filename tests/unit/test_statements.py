"""How a moment of knowledge becomes a condition: only the last millisecond of a Lima day is decided by days."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.adapters.clickhouse.statements import known, known_flags
from shared.contracts.questions import KnownAt


@pytest.mark.parametrize(
    ("moment", "flag"),
    [
        (datetime(2025, 2, 1, 4, 59, 59, 998_000, tzinfo=UTC), "known_by_time"),
        (datetime(2025, 2, 1, 4, 59, 59, 999_000, tzinfo=UTC), "known_by_day"),
        (datetime(2025, 2, 1, 4, 59, 59, 999_999, tzinfo=UTC), "known_by_day"),
        (datetime(2025, 2, 1, 5, 0, 0, 0, tzinfo=UTC), "known_by_time"),
        (datetime(2025, 2, 1, 5, 0, 0, 1_000, tzinfo=UTC), "known_by_time"),
        (datetime(2025, 2, 1, 12, tzinfo=UTC), "known_by_time"),
    ],
)
def test_midnight_does_not_know_the_day_that_begins(moment: datetime, flag: str) -> None:
    at = KnownAt(time=moment)
    assert known_flags(at) & {"known_by_time", "known_by_day"} == {flag}
    assert ("days_decide" in known_flags(at)) is (flag == "known_by_day")
    assert (known(at)["known_day"].isoformat() == "2025-01-31") is (moment < datetime(2025, 2, 1, 5, tzinfo=UTC))
