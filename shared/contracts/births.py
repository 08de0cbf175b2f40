"""The rule between a birth and the time of the fact that tells it, which no model of the contract can state alone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any

LIMA = timezone(timedelta(hours=-5))
"""Since 1995, the first year that a fact may be of, Peru has had no summer time."""

YOUNGEST = 14
"""Nobody younger answers for an offence, so no prison of INPE holds one. A child with its mother may be of any age."""


def late_birth(fact: Mapping[str, Any], at: str = "data") -> str | None:
    """Where a valid fact, or what an amendment puts in its place, tells a birth too late for its time, if it does."""
    data = fact["data"]
    if "replacement" in data:
        return late_birth(data["replacement"], f"{at}.replacement.data")
    of_the_person, of_a_child = data.get("profile", {}).get("birth_date"), data.get("birth_date")
    if of_the_person and _younger(of_the_person, fact["time"], YOUNGEST):
        return f"{at}.profile.birth_date"
    return f"{at}.birth_date" if of_a_child and _younger(of_a_child, fact["time"], 0) else None


def _younger(born: date, moment: datetime, years: int) -> bool:
    """Whether somebody born then is younger than so many years on the day in Lima; younger than 0 is not yet born."""
    # Most are much older: then it does not matter which day it is in Lima, at most one from the day that was told.
    if moment.year - born.year > years + 1:
        return False
    day = moment.astimezone(LIMA)
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day)) < years
