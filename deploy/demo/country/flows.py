"""How many enter and leave each month, and how long they stay: the plan that all histories follow.

Known are some national stocks; admissions a month are ours. Then exits of a month = admissions - growth of the stock.
Of those who entered in a month, the part still inside at the end falls with time, the same for every month: that is the
cohort curve. Everybody else leaves before the end. Who leaves in a month is drawn from all of them alike, which is a
constant risk of leaving: whatever is drawn, stocks come out as planned, because a stock is the sum over all cohorts.

Months are numbered from 0 (July 2018) to 90 (January 2026). Cohort 0 is the opening roll; cohort m + 1 entered in month
m.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from deploy.demo.country import tables
from deploy.demo.country.dealing import Ints, Random, Reals, apportion

OPENED_STILL_INSIDE = 0.215
"""Part of the final stock that was already on the opening roll: ours."""


class Plan(NamedTuple):
    """Counts of people; cohorts are 92, months 91."""

    entered: Ints  # by cohort
    inside: Ints  # by cohort: of them, still inside at the end
    left: Ints  # by cohort and month


def month_number(year: int, month: int) -> int:
    """Months since July 2018."""
    return (year - tables.FIRST_MONTH[0]) * 12 + month - tables.FIRST_MONTH[1]


def plan(random: Random, share: float) -> Plan:
    """The plan for a country of this share of the real one (1 is the whole)."""
    stocks = np.concatenate([[tables.OPENING.stock], _monthly_stocks()])
    stocks = np.round(stocks * share).astype(np.int64)
    admitted = _admissions(random, share, np.diff(stocks))
    entered = np.concatenate([stocks[:1], admitted])
    inside = _still_inside(int(stocks[-1]), entered)
    return Plan(entered, inside, _leavers(random, entered - inside, admitted - np.diff(stocks)))


def _monthly_stocks() -> Reals:
    months = [month_number(*month) for month in tables.KNOWN_STOCKS]
    return np.interp(np.arange(tables.MONTHS), months, list(tables.KNOWN_STOCKS.values()))


def _admissions(random: Random, share: float, growth: Ints) -> Ints:
    """Admissions by month, with some chance from month to month; at least what the stock grows by."""
    starts = [month_number(*month) for month, _ in tables.MONTHLY_ADMISSIONS]
    levels = np.array([level for _, level in tables.MONTHLY_ADMISSIONS])
    level = levels[np.searchsorted(starts, np.arange(tables.MONTHS), side="right") - 1]
    drawn = np.round(share * level * random.normal(1, 0.04, tables.MONTHS)).astype(np.int64)
    return np.maximum(drawn, growth)


def _still_inside(stock: int, entered: Ints) -> Ints:
    """Of each cohort, who is inside at the end: an exponential curve whose scale makes the sum right."""
    opened = round(OPENED_STILL_INSIDE * stock)
    ages = np.arange(tables.MONTHS - 1, -1, -1)
    short, long = 1.0, 1_000.0
    for _ in range(50):
        middle = (short + long) / 2
        enough = (entered[1:] * np.exp(-ages / middle)).sum() > stock - opened
        short, long = (short, middle) if enough else (middle, long)
    curve = np.asarray(entered[1:] * np.exp(-ages / long), dtype=float)
    admitted = apportion(stock - opened, curve, entered[1:])
    return np.concatenate([[opened], admitted])


def _leavers(random: Random, leaving: Ints, exits: Ints) -> Ints:
    """Who of each cohort leaves in which month."""
    left = np.zeros((len(leaving), tables.MONTHS), dtype=np.int64)
    waiting = np.zeros_like(leaving)
    waiting[0] = leaving[0]
    for month in range(tables.MONTHS):
        waiting[month + 1] = leaving[month + 1]
        left[:, month] = random.multivariate_hypergeometric(waiting, int(exits[month]), method="marginals")
        waiting -= left[:, month]
    return left
