"""Stays: everybody inside at the end, when they came, and everybody who came and left before.

People of the final table are dealt to the cohorts of the plan, oldest cohort first, each cohort taking those of whom a
long stay is most likely among those old enough, and sentenced long enough, to be inside since then. Who left before is
like somebody of the final table (the donor), with dates and a sentence of their own; some of them are the same person
as somebody who came back later.

Instants are seconds since 1970 on the clock of Lima.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deploy.demo.country import flows, plausible, tables
from deploy.demo.country.dealing import Ints, Random, Reals, choose, pick
from deploy.demo.country.persons import LAST_MONTH, PERSON, People, age_in_months, table_of_people

Stays = npt.NDArray[np.void]
STAY = np.dtype(
    [
        *PERSON.descr,
        ("person", "i4"),
        ("origin", "i2"),  # the prison entered; another one if the person was transferred
        ("cause", "i1"),
        ("entered", "i8"),  # of an opening: the original admission
        ("sentenced_at", "i8"),  # 0 never
        ("departed", "i8"),  # for `prison`; 0 never
        ("arrived", "i8"),
        ("left", "i8"),  # 0 never
        ("outcome", "i1"),  # index into plausible.OUTCOMES
        ("said", "i1"),  # bits: in what the entry differs from the truth (`events`)
    ]
)
OPENING, ADMISSION, RECAPTURE = range(3)
FIRST_MONTH = tables.FIRST_MONTH[0] * 12 + tables.FIRST_MONTH[1] - 1
HOUR = 3_600
DAY = 24 * HOUR
MONTH = 30 * DAY + 10 * HOUR + HOUR // 2


def month_start(months: Ints) -> Ints:
    """The first second of a month counted from January of the year 0."""
    since_1970 = (months - 1970 * 12).astype("datetime64[M]")
    seconds: Ints = since_1970.astype("datetime64[s]").astype(np.int64)
    return seconds


def month_of(seconds: Ints) -> Ints:
    """The month, counted from January of the year 0, that holds an instant."""
    months: Ints = seconds.astype("datetime64[s]").astype("datetime64[M]").astype(np.int64) + 1970 * 12
    return months


OPENED_AT = int(month_start(np.array([FIRST_MONTH]))[0])
END = int(month_start(np.array([LAST_MONTH + 1]))[0])
"""The close of 31 January 2026."""

LONGEST_TRIAL = 50
"""Months that somebody may be held without a sentence."""


def stays(random: Random, share: float) -> Stays:
    """All stays of a country of this share of the real one (at most 1)."""
    plan = flows.plan(random, share)
    people = table_of_people(random)[: int(plan.inside.sum())]
    staying = _staying(random, people, plan.inside)
    leaving = _leaving(random, staying, plan)
    _come_back(random, staying, leaving)
    everyone = np.concatenate([staying, leaving])
    _transfer(random, everyone)
    return everyone


def began(stays_: Stays) -> Ints:
    """When each stay begins to be counted: at the opening of the roll, or on admission."""
    starts: Ints = np.maximum(stays_["entered"], OPENED_AT)
    return starts


def ended(stays_: Stays) -> Ints:
    """When each stay ends, or the end of the simulation."""
    return np.where(stays_["left"] > 0, stays_["left"], END)


def _staying(random: Random, people: People, inside: Ints) -> Stays:
    """The stays that last: cohorts dealt, then dates inside the cohort's month."""
    staying = _with_room(people)
    staying["person"] = np.arange(len(people))
    cohorts = _cohorts(random, people, inside)
    staying["cause"] = np.where(cohorts == 0, OPENING, ADMISSION)
    staying["entered"] = _within_month(random, FIRST_MONTH + cohorts - 1, 0.0, 0.97)
    opened = np.flatnonzero(cohorts == 0)
    staying["entered"][opened] = _before_opening(random, people[opened])
    staying["sentenced_at"] = _sentencing(random, staying)
    return staying


def _with_room(people: People) -> Stays:
    wider = np.zeros(len(people), dtype=STAY)
    for name in PERSON.names or ():
        wider[name] = people[name]
    wider["origin"] = people["prison"]
    return wider


def _longest(people: People) -> Ints:
    """The most months that each may have been inside in January 2026, by age and sentence."""
    ages = age_in_months(people)
    adult = np.where(ages < 18 * 12, np.minimum(ages - 16 * 12, 7), ages - 18 * 12)  # under 18 by a law of 2025
    months = people["months"].astype(np.int64)
    sentence = np.where(months == 0, LONGEST_TRIAL, months - 1)
    return np.minimum(adult, sentence)


def _cohorts(random: Random, people: People, inside: Ints) -> Ints:
    """The cohort of everybody: the oldest takes, among those who may, those of whom a long stay is most likely."""
    longest = _longest(people)
    likely = _likely_stay(random, people)
    cohorts = np.full(len(people), -1, dtype=np.int64)
    for cohort, count in enumerate(inside.tolist()):
        free = np.flatnonzero((cohorts < 0) & (longest >= tables.MONTHS - cohort))
        if len(free) < count:
            raise ValueError(f"cohort {cohort} needs {count} people, only {len(free)} may be inside since then")
        cohorts[free[np.argsort(-likely[free], kind="stable")[:count]]] = cohort
    return cohorts


def _likely_stay(random: Random, people: People) -> Reals:
    months = np.minimum(people["months"], 35 * 12).astype(float)
    served = months * random.uniform(0.02, 0.75, len(people))
    return np.where(people["sentenced"] == 1, served, random.exponential(15, len(people)))


def _before_opening(random: Random, people: People) -> Ints:
    """Original admissions of the opening roll: earlier by an exponential time, as far as age and sentence allow."""
    room = np.maximum(_longest(people) - tables.MONTHS, 0)
    months = np.minimum(np.floor(random.exponential(34, len(people))), room).astype(np.int64)
    return _within_month(random, FIRST_MONTH - 1 - months, 0.0, 0.97)


def _within_month(random: Random, months: Ints, low: float | Reals, high: float) -> Ints:
    """A working moment inside each month, between two parts of it."""
    start = month_start(months)
    length = month_start(months + 1) - start
    moments: Ints = start + np.floor(length * (low + (high - low) * random.random(len(months)))).astype(np.int64)
    return moments


def _sentencing(random: Random, staying: Stays) -> Ints:
    """When the sentence was given: one in six on entry, the others some months later and before the end."""
    inside = END - staying["entered"]
    months = np.clip(random.lognormal(3.3, 0.5, len(staying)), 1, LONGEST_TRIAL) * MONTH
    later = staying["entered"] + np.minimum(months, inside * random.uniform(0.4, 0.98, len(staying))).astype(np.int64)
    at_entry = random.random(len(staying)) < 1 / 6
    when = np.where(at_entry, staying["entered"], later)
    return np.where(staying["sentenced"] == 1, when, 0)


def _leaving(random: Random, staying: Stays, plan: flows.Plan) -> Stays:
    """The stays that ended: one for each exit of the plan, made after a donor."""
    cohorts, months = (np.repeat(axis, plan.left.ravel()) for axis in np.indices(plan.left.shape).reshape(2, -1))
    leaving = staying[_donors(random, staying, cohorts)]
    leaving["person"] = len(staying) + np.arange(len(leaving))
    leaving["cause"] = np.where(cohorts == 0, OPENING, ADMISSION)
    before = FIRST_MONTH - 1 - np.floor(random.exponential(26, len(leaving))).astype(np.int64)
    entered_in = np.where(cohorts == 0, before, FIRST_MONTH + cohorts - 1)
    leaving["birth_month"] += (entered_in - month_of(leaving["entered"])).astype(np.int32)
    leaving["entered"] = _within_month(random, entered_in, 0.0, 0.9)
    start = np.maximum(leaving["entered"], month_start(FIRST_MONTH + months)) + 2 * HOUR
    end = month_start(FIRST_MONTH + months + 1) - HOUR
    leaving["left"] = start + np.floor(random.random(len(leaving)) * (end - start)).astype(np.int64)
    _settle_status(random, staying, leaving)
    _settle_exit(random, leaving)
    return leaving


SMALL = 30
"""Prisons of fewer people have no turnover: each of their people is known by name."""


def _donors(random: Random, staying: Stays, cohorts: Ints) -> Ints:
    """After whom each leaver is made: adults of prisons that are not tiny; on the opening roll women as printed."""
    sizes = np.array([site.population for site in tables.establishments()])
    fit = (age_in_months(staying) >= 18 * 12) & (sizes[staying["prison"]] >= SMALL)
    women = np.flatnonzero(fit & (staying["female"] == 1))
    men = np.flatnonzero(fit & (staying["female"] == 0))
    share = (staying["cause"] == OPENING).sum() + (cohorts == 0).sum()
    opened_women = round(tables.OPENING.female / tables.OPENING.stock * share)
    opened_women -= int(staying["female"][staying["cause"] == OPENING].sum())
    female = random.random(len(cohorts)) < len(women) / (len(women) + len(men))
    opened = np.flatnonzero(cohorts == 0)
    female[opened] = False
    female[random.permutation(opened)[: max(opened_women, 0)]] = True
    female &= len(women) > 0  # a small sample may have none
    donors = np.empty(len(cohorts), dtype=np.int64)
    donors[female] = random.choice(women, int(female.sum()))
    donors[~female] = random.choice(men, int((~female).sum()))
    return donors


def _settle_status(random: Random, staying: Stays, leaving: Stays) -> None:
    """Who of the leavers was sentenced, and when; on the opening roll as many on trial as printed."""
    opened = leaving["cause"] == OPENING
    stock = opened.sum() + (staying["cause"] == OPENING).sum()
    on_trial = round(tables.OPENING.processed / tables.OPENING.stock * int(stock))
    awaiting = (staying["sentenced_at"] == 0) | (staying["sentenced_at"] > OPENED_AT)
    on_trial -= int(((staying["cause"] == OPENING) & awaiting).sum())
    waited = np.where(opened, leaving["left"] - leaving["entered"], np.iinfo(np.int64).max)
    waited = waited * random.lognormal(0, 0.5, len(leaving))
    processed = np.zeros(len(leaving), dtype=bool)
    processed[np.argsort(waited, kind="stable")[: max(on_trial, 0)]] = True
    months = (leaving["left"] - leaving["entered"]) / MONTH
    later = random.random(len(leaving)) > 0.9 * np.exp(-months / 45)
    at_entry = ~opened & (random.random(len(leaving)) < 1 / 8)
    sentenced = np.where(opened & ~processed, True, later | at_entry)
    low = np.where(opened & processed, OPENED_AT, leaving["entered"])
    high = np.where(opened & ~processed, OPENED_AT, leaving["left"])
    when = low + np.floor(np.minimum(random.uniform(0.4, 0.97, len(leaving)) * (high - low), LONGEST_TRIAL * MONTH))
    when = np.where(at_entry, leaving["entered"], when).astype(np.int64)
    leaving["sentenced_at"] = np.where(sentenced, when, 0)
    leaving["sentenced"] = sentenced


def _settle_exit(random: Random, leaving: Stays) -> None:
    """How each leaver leaves, and the sentence that fits the time behind them."""
    processed = choose(random, len(leaving), [way.processed for way in plausible.OUTCOMES])
    sentenced = choose(random, len(leaving), [way.sentenced for way in plausible.OUTCOMES])
    leaving["outcome"] = np.where(leaving["sentenced"] == 1, sentenced, processed)
    low, high = np.array([way.served for way in plausible.OUTCOMES])[leaving["outcome"]].T
    served = (leaving["left"] - leaving["entered"]) / MONTH
    months = np.clip(np.ceil(served / random.uniform(low, high)), 6, 35 * 12).astype(np.int64)
    leaving["months"] = np.where(leaving["sentenced"] == 1, months, 0)
    codes = [line.code for line in plausible.lines()]
    petty = np.array([codes.index(code) for code in plausible.PETTY])
    short = np.isin(leaving["line"], [codes.index(code) for code in plausible.SHORT_SENTENCES])
    leaving["line"] = np.where(short & (leaving["months"] >= 60), 0, leaving["line"])
    to_petty = (leaving["months"] > 0) & (leaving["months"] < 36)
    leaving["line"] = np.where(to_petty, random.choice(petty, len(leaving)), leaving["line"])
    runaways = pick(random, len(leaving) // 2_500, np.ones(len(leaving)))
    leaving["outcome"][runaways] = _ESCAPES[0]


_ESCAPES = [number for number, way in enumerate(plausible.OUTCOMES) if way.kind == "escape"]
_RELEASES = [number for number, way in enumerate(plausible.OUTCOMES) if way.kind == "release"]


def _come_back(random: Random, staying: Stays, leaving: Stays) -> None:
    """Let some who left be those who came back: the same person, one admission earlier, or recaptured."""
    again = (staying["admissions"] > 1) & (staying["cause"] == ADMISSION) & (random.random(len(staying)) < 0.5)
    for female in (0, 1):
        returned = np.flatnonzero(again & (staying["female"] == female))
        returned = returned[np.argsort(staying["entered"][returned], kind="stable")]
        gone = np.flatnonzero(np.isin(leaving["outcome"], _RELEASES) & (leaving["female"] == female))
        gone = random.permutation(gone)[: len(returned)]
        gone = gone[np.argsort(leaving["left"][gone], kind="stable")]
        returned = returned[-len(gone) :] if len(gone) else returned[:0]
        in_time = leaving["left"][gone] + 40 * DAY < staying["entered"][returned]
        adult = month_of(leaving["entered"][gone]) - staying["birth_month"][returned] >= 18 * 12
        _join(random, staying, leaving, returned[in_time & adult], gone[in_time & adult])


def _join(random: Random, staying: Stays, leaving: Stays, returned: Ints, gone: Ints) -> None:
    for name in ("person", "birth_month", "birth_day", "nationality", "residence", "nucleus"):
        leaving[name][gone] = staying[name][returned]
    recaptured = random.random(len(gone)) < 0.02
    staying["cause"][returned[recaptured]] = RECAPTURE
    leaving["outcome"][gone[recaptured]] = random.choice(_ESCAPES, int(recaptured.sum()))
    leaving["admissions"][gone] = staying["admissions"][returned] - ~recaptured
    leaving["recidivism"][gone] *= leaving["admissions"][gone] > 1


TRANSFERRED = 0.14
"""Part of the stays of more than five months that know two prisons."""
LONG_STAY = 150 * DAY


def _transfer(random: Random, everyone: Stays) -> None:
    """Let some stays begin in another prison; nobody is in transit at the end."""
    length = ended(everyone) - began(everyone)
    moved = np.flatnonzero((length > LONG_STAY) & (random.random(len(everyone)) < TRANSFERRED))
    sizes = np.zeros((2, len(tables.establishments())))
    np.add.at(sizes, (everyone["female"], everyone["prison"]), 1)
    sizes[sizes.sum(axis=1, keepdims=True) * 2e-4 > sizes] = 0
    origins = np.where(
        everyone["female"][moved] == 1, choose(random, len(moved), sizes[1]), choose(random, len(moved), sizes[0])
    )
    other = origins != everyone["prison"][moved]
    moved, origins = moved[other], origins[other]
    everyone["origin"][moved] = origins
    share = random.uniform(0.15, 0.88, len(moved))
    everyone["departed"][moved] = began(everyone[moved]) + np.floor(share * length[moved]).astype(np.int64)
    everyone["arrived"][moved] = everyone["departed"][moved] + random.integers(3 * HOUR, 40 * HOUR, len(moved))
