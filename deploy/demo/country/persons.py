"""The people inside at the close of 31 January 2026: one table that meets all 589 printed cells about persons.

Each table is dealt like a deck (`dealing`) inside the groups that it shares with those dealt before it:

1. offence × status, and women over the lines of each status: people with line, status and sex;
2. offence × age inside each line;
3. prison × status × sex inside each status and sex;
4. "otros" is split over its own lines, women first where a line has none;
5. civil status and nationality inside each sex (five prisons apart), admissions, sentences of the sentenced, schooling.

Step 1 to 3 meet everything that crosses; step 5 needs no more than sex and status, which the tables share.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from deploy.demo.country import plausible, tables
from deploy.demo.country.dealing import Flags, Ints, Random, Reals, apportion, choose, deal, pick
from deploy.demo.country.places import residences
from shared.reference.catalogue import load

People = npt.NDArray[np.void]
PERSON = np.dtype(
    [
        ("prison", "i2"),  # index into tables.establishments()
        ("sentenced", "i1"),
        ("female", "i1"),
        ("line", "i2"),  # index into plausible.lines()
        ("birth_month", "i4"),  # months since January of the year 0
        ("birth_day", "i1"),
        ("civil", "i1"),
        ("nationality", "i1"),
        ("admissions", "i1"),
        ("months", "i2"),  # of the sentence; 0 none, LIFE
        ("schooling", "i1"),
        ("occupation", "i1"),
        ("recidivism", "i1"),
        ("residence", "i4"),  # ubigeo
        ("nucleus", "i1"),  # of its residence; 0 unknown
    ]
)
LIFE = 32_000
LAST_MONTH = tables.LAST_MONTH[0] * 12 + tables.LAST_MONTH[1] - 1
SINGLE = "soltero"


def table_of_people(random: Random) -> People:
    """The 103,717 people of the printed tables, in no particular order."""
    people = _lines_and_sexes()
    _ages(random, people)
    _split_others(random, people)
    _prisons(random, people)
    _civil_statuses(random, people)
    _nationalities(random, people)
    _admissions(random, people)
    _sentences(random, people)
    _schooling(random, people)
    people["occupation"] = choose(random, len(people), [weight for _, weight in plausible.OCCUPATIONS])
    people["residence"], people["nucleus"] = residences(random, people["prison"])
    random.shuffle(people)
    return people


def age_in_months(people: People) -> Ints:
    """Completed months of age in January 2026."""
    ages: Ints = LAST_MONTH - people["birth_month"].astype(np.int64)
    return ages


def _lines_and_sexes() -> People:
    """Everybody with an offence line, a status and a sex; "otros" is one line until it is split."""
    status = tables.matrix("offence_status", tables.rows("offence_status"), tables.STATUSES)
    prisons = tables.matrix("establishment_status_sex", tables.rows("establishment_status_sex"), _STATUS_SEX)
    women_of = prisons.sum(axis=0)[1::2]
    propensity = [line.women for line in plausible.lines()[: plausible.PRINTED_LINES]] + [plausible.OTHERS_WOMEN]
    groups: list[tuple[int, int, int, int]] = []
    for sentenced in (0, 1):
        held = status[:, sentenced]
        women = apportion(int(women_of[sentenced]), held * np.array(propensity), held)
        for line, (everyone, female) in enumerate(zip(held.tolist(), women.tolist(), strict=True)):
            groups += [(line, sentenced, 0, everyone - female), (line, sentenced, 1, female)]
    counts = [count for *_, count in groups]
    people = np.zeros(sum(counts), dtype=PERSON)
    for name, values in zip(("line", "sentenced", "female"), zip(*groups, strict=True), strict=False):
        people[name] = np.repeat(values, counts)
    return people


_STATUS_SEX = tuple(f"{status}/{sex}" for status in tables.STATUSES for sex in tables.SEXES)


def _ages(random: Random, people: People) -> None:
    """Ages inside each line; those on trial are somewhat younger."""
    ages = tables.matrix("offence_age", tables.rows("offence_age"), tables.age_columns())
    for line, deck in enumerate(ages):
        held = np.flatnonzero(people["line"] == line)
        bands = deal(deck, people["sentenced"][held] + random.normal(0, 1.2, len(held)))
        low = np.array([band[0] for band in tables.AGE_BANDS])[bands] * 12
        high = np.array([band[1] + 1 for band in tables.AGE_BANDS])[bands] * 12
        share = random.random(len(held))
        share = np.where(bands == len(tables.AGE_BANDS) - 1, share**2.5, share)
        people["birth_month"][held] = LAST_MONTH - (low + np.floor(share * (high - low)).astype(np.int64))
    people["birth_day"] = random.integers(1, 29, len(people))


def _split_others(random: Random, people: People) -> None:
    """Give everybody under "otros" a line of their own, women first so that lines without women stay without."""
    others = plausible.lines()[plausible.PRINTED_LINES :]
    held = np.flatnonzero(people["line"] == plausible.PRINTED_LINES)
    weights = np.array([line.weight for line in others])
    quotas = apportion(len(held), weights, [plausible.OTHERS_CAP] * len(others))
    women = held[people["female"][held] == 1]
    men = held[people["female"][held] == 0]
    of_women = apportion(len(women), quotas * np.array([line.women for line in others]), quotas)
    for group, deck in ((women, of_women), (men, quotas - of_women)):
        by_age = age_in_months(people[group]) / 12 + random.normal(0, 12, len(group))
        people["line"][group] = plausible.PRINTED_LINES + deal(deck, by_age)


def _prisons(random: Random, people: People) -> None:
    """Prisons inside each status and sex. The two tiny ones come first, for the people they are known for."""
    decks = tables.matrix("establishment_status_sex", tables.rows("establishment_status_sex"), _STATUS_SEX)
    codes = tables.rows("establishment_status_sex")
    numbers = {site.code: number for number, site in enumerate(tables.establishments())}
    order = sorted(range(len(codes)), key=lambda row: codes[row] not in _KNOWN_FOR)
    for column in range(len(_STATUS_SEX)):
        sentenced, female = divmod(column, 2)
        held = np.flatnonzero((people["sentenced"] == sentenced) & (people["female"] == female))
        free = np.ones(len(held), dtype=bool)
        for row in order[: len(_KNOWN_FOR)]:
            fitting = free & _fits(people[held], codes[row])
            chosen = pick(random, int(decks[row, column]), fitting.astype(float))
            people["prison"][held[chosen]] = numbers[codes[row]]
            free[chosen] = False
        rest = held[free]
        prisons = np.array([numbers[codes[row]] for row in order[len(_KNOWN_FOR) :]])
        dealt = deal(decks[order[len(_KNOWN_FOR) :], column], random.random(len(rest)))
        people["prison"][rest] = prisons[dealt]


_KNOWN_FOR = {"ep-014": ("dl-25475-terrorismo",), "ep-009": ("cp-384-colusion", "cp-393-cohecho-pasivo")}
"""The naval base holds leaders of armed groups, Barbadillo holders of high offices."""


def _fits(people: People, prison: str) -> Flags:
    fitting = [number for number, line in enumerate(plausible.lines()) if line.code in _KNOWN_FOR[prison]]
    fits: Flags = np.isin(people["line"], fitting) & (age_in_months(people) > 50 * 12)
    return fits


def _civil_statuses(random: Random, people: People) -> None:
    """Civil status inside each sex; singles are young, the widowed old, and under 18 all are single."""
    codes = tables.rows("civil_status_sex")
    deck = tables.matrix("civil_status_sex", codes, tables.SEXES)
    numbers = np.array([list(load()["civil_status"]).index(code) for code in codes])
    for female in (0, 1):
        held = np.flatnonzero(people["female"] == female)
        ages = age_in_months(people[held]) / 12
        likely = np.where(ages < 18, -1_000.0, ages + random.normal(0, 11, len(held)))
        people["civil"][held] = numbers[deal(deck[:, female], likely)]


def _nationalities(random: Random, people: People) -> None:
    """Foreigners inside each sex: as printed in five prisons, the others spread over the rest."""
    codes = [site.code for site in tables.establishments()]
    printed = {codes.index(row): count for (row, _), count in tables.printed("foreigners_establishment").items()}
    likely = _likely_foreign(people)
    foreign = np.zeros(len(people), dtype=bool)
    for prison, count in printed.items():
        foreign[pick(random, count, likely * (people["prison"] == prison))] = True
    elsewhere = ~np.isin(people["prison"], list(printed))
    for female, sex in enumerate(tables.SEXES):
        of_sex = people["female"] == female
        missing = tables.printed("nationality_sex")["foreign", sex] - int((foreign & of_sex).sum())
        foreign[pick(random, missing, likely * (elsewhere & of_sex))] = True
    weights = [weight for _, weight in plausible.NATIONALITIES]
    people["nationality"] = np.where(foreign, choose(random, len(people), weights), 0)


def _likely_foreign(people: People) -> Reals:
    prone = [number for number, line in enumerate(plausible.lines()) if line.code in plausible.FOREIGN_PRONE]
    likely: Reals = np.where(np.isin(people["line"], prone), 3.0, 1.0) * np.where(
        age_in_months(people) > 45 * 12, 0.3, 1
    )
    return likely


def _admissions(random: Random, people: People) -> None:
    """Number of admissions; foreigners and the very young are in for the first time."""
    counts = tables.printed("admissions")
    deck = [counts[str(number), "persons"] for number in range(1, 8)] + [counts["8+", "persons"]]
    ages = age_in_months(people) / 12
    first = (ages < 20) | (people["nationality"] > 0)
    robbery = np.isin(people["line"], [0, 3, 9, 15])
    score = np.where(first, -1_000.0, np.minimum(ages, 45) + 12 * robbery + random.normal(0, 14, len(people)))
    number = 1 + deal(deck, score)
    people["admissions"] = np.where(number == 8, 8 + np.minimum(random.geometric(0.5, len(people)) - 1, 7), number)
    people["recidivism"] = np.where(number > 1, choose(random, len(people), (84, 13, 3)), 0)


def _sentences(random: Random, people: People) -> None:
    """Sentences of the sentenced, by gravity; articles 149 and 122-B under five years."""
    counts = tables.printed("sentence")
    deck = [counts[band, "persons"] for band in tables.SENTENCE_BANDS]
    held = np.flatnonzero(people["sentenced"] == 1)
    usual = np.array([line.months for line in plausible.lines()], dtype=float)[people["line"][held]]
    young = np.where(age_in_months(people[held]) < 20 * 12, 0.3, 1)  # years served are still few
    score = np.where(usual == 0, -1_000, usual * young * random.lognormal(0, 0.45, len(held)))
    people["months"][held] = _months(random, deal(deck, score))


def _months(random: Random, bands: Ints) -> Ints:
    """Months inside the printed bands: mostly whole years, as judges give them."""
    low = np.array([6, 60, 121, 181, 241, 301, 361, LIFE])[bands]
    high = np.array([59, 120, 180, 240, 300, 360, 420, LIFE])[bands]
    share = random.random(len(bands))
    share = np.where(bands == 0, share**0.7, share)
    months = low + np.floor(share * (high - low + 1)).astype(np.int64)
    years = np.clip((months + 6) // 12 * 12, low, high)
    rounded: Ints = np.where(random.random(len(bands)) < 0.75, years, months)
    return rounded


def _schooling(random: Random, people: People) -> None:
    """Three printed groups over everybody, then classes inside each."""
    counts = tables.printed("schooling")
    groups = deal([counts[group, "persons"] for group in plausible.SCHOOLING_GROUPS], random.random(len(people)))
    start = 0
    for number, classes in enumerate(plausible.SCHOOLING_GROUPS.values()):
        held = np.flatnonzero(groups == number)
        people["schooling"][held] = start + choose(random, len(held), list(classes.values()))
        start += len(classes)
