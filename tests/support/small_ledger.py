"""A small seeded country as the journal would hold it: every book, cause and attribute, late facts and corrections."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from shared.contracts.mapping import decode
from shared.contracts.topics import PARTITIONS, partition_of
from shared.domain.facts import LIMA_OFFSET_MS, Fact
from shared.domain.history import History
from shared.domain.ledger import Entry
from shared.ports import Consumed, Journal
from shared.reference.catalogue import load
from tests.support.logs import message

FIRST, LAST = date(2024, 11, 20), date(2025, 4, 10)
SITES = ("ep-001", "ep-002", "ep-003", "ep-066")
_PLACES = {"ep-001": "030101", "ep-002": "150102", "ep-003": "150101", "ep-066": "240101"}
_OFFICES = {"ep-001": "sur-oriente", "ep-002": "lima", "ep-003": "lima", "ep-066": "norte"}
_MINUTE, _DAY = 60_000, 86_400_000


@dataclass(frozen=True)
class Row:
    """An entry with where and when it was recorded."""

    partition: int
    offset: int
    recorded_ms: int
    subject: str
    entry: Entry

    @property
    def day(self) -> date:
        return lima_date(self.entry.effective_ms)


def lima_date(ms: int) -> date:
    return datetime.fromtimestamp((ms + LIMA_OFFSET_MS) / 1000, UTC).date()


def consumed(seed: int, people: int) -> dict[int, list[Consumed]]:
    """What each partition of the log made of this country."""
    return counted(_arrivals(random.Random(seed), people))


def counted(told: Iterable[tuple[int, str, Fact]]) -> dict[int, list[Consumed]]:
    """What each partition of the log made of these facts; beside each when it was recorded, and its subject."""
    said = sorted(told, key=lambda one: (one[0], one[1], one[2].id))
    histories: dict[str, History] = {}
    made: dict[int, list[Consumed]] = {partition: [] for partition in range(PARTITIONS)}
    for recorded_ms, subject, fact in said:
        rows = made[partition_of(subject)]
        entries = histories.setdefault(subject, History(())).add(fact)
        told = message(fact, subject)
        rows.append(Consumed(len(rows), len(rows) + 1, recorded_ms, "counted", decode(told), told, entries))
    return made


def rows_of(made: dict[int, list[Consumed]]) -> list[Row]:
    return [
        Row(partition, one.offset, one.recorded_at_ms, one.message.subject, entry)
        for partition, many in made.items()
        for one in many
        for entry in one.entries
    ]


def standing(name: str, at_ms: int, office: str, site: str) -> Fact:
    """INPE's fact of this name: from then on this establishment is one of the office."""
    about = {
        "establishment": site,
        "office": office,
        "place": "150101",
        "houses": "mixed",
        "name": "E.P.",
        "open": True,
    }
    return Fact("inpe", name, "establishment", at_ms, about)


async def write(journal: Journal, made: dict[int, list[Consumed]]) -> None:
    """As the aggregator does: a batch is of one partition and one recorded year."""
    for partition, many in made.items():
        for _, batch in groupby(many, key=lambda one: lima_date(one.recorded_at_ms).year):
            together = list(batch)
            await journal.append(partition, together[0].offset, 0, together)


def _arrivals(dice: random.Random, people: int) -> Iterator[tuple[int, str, Fact]]:
    for site in SITES:
        yield from _of_site(dice, site)
        yield from _counts_of_site(site)
        yield from _told_ahead(site)
        yield from _inside_and_supervised(site)
    for number in range(people):
        subject = f"k1:{dice.getrandbits(256):064x}"
        for fact in _life(dice, f"p{number}"):
            late = dice.choice((0, 0, 0, 90, 3_000, 60_000)) * _MINUTE
            yield fact.at_ms + late, subject, fact


def _of_site(dice: random.Random, site: str) -> Iterator[tuple[int, str, Fact]]:
    start = _ms(FIRST) - 86_400_000
    moved = _ms(date(2025, 2, 14))
    for n, (at_ms, office) in enumerate(((start, _OFFICES[site]), (moved, "centro" if site == "ep-003" else "sur"))):
        if n and site not in {"ep-003", "ep-066"}:
            continue
        about = {"office": office, "place": _PLACES[site], "houses": "mixed", "name": f"E.P. {site}"}
        about |= {"establishment": site, "open": not (n and site == "ep-066")}
        yield at_ms + 1, site, Fact("inpe", f"{site}-{n}", "establishment", at_ms, about)
    for n, at_ms in enumerate((start, moved)):
        if site == "ep-002":
            continue  # a prison whose capacity nobody said
        places = {"establishment": site, "places": dice.randrange(5, 40)}
        yield at_ms + 2, site, Fact("inpe", f"{site}-c{n}", "capacity", at_ms, places)


def _counts_of_site(site: str) -> Iterator[tuple[int, str, Fact]]:
    """Three signed counts of a prison, each a week before the next; with dice of their own, so that people stay."""
    dice = random.Random(site)
    for n in range(3):
        at_ms = _ms(date(2025, 2, 10)) + n * 7 * 86_400_000 + dice.randrange(86_400_000)
        counted = [
            {"sex": sex, "present": dice.randrange(9), "absent": dice.randrange(3), "in_transit": dice.randrange(2)}
            for sex in ("male", "female")
        ]
        about = {"establishment": site, "counted": counted, "signed_by": f"alcaide-{n}"}
        yield at_ms + 3, site, Fact(site, f"count-{n}", "headcount", at_ms, about)


def _told_ahead(site: str) -> Iterator[tuple[int, str, Fact]]:
    """Admissions in the first minute of a month, told by a clock that is fast: recorded in the month before.

    Each of them was supervised in liberty by then.
    """
    dice = random.Random(f"{site} ahead")
    for month in (date(2024, 12, 1), date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1)):
        entry = {"establishment": site, "motive": "nuevo-ingreso", "profile": _profile(dice), "cases": [_case(dice, 0)]}
        fact = Fact(site, f"{site}-{month}", "admission", _ms(month) + 30_000, entry)
        who = f"k1:{dice.getrandbits(256):064x}"
        yield fact.at_ms - 3 * _MINUTE, who, fact
        yield _supervised(site, who, _ms(month) - 3 * _DAY)


def _inside_and_supervised(site: str) -> Iterator[tuple[int, str, Fact]]:
    """People who are both, told of before a New Year's Day or on it."""
    new_year = _ms(date(2025, 1, 1)) + 9 * _MINUTE
    for n, (admitted, supervised) in enumerate(((-_DAY, -_DAY), (-_DAY, 0), (0, -_DAY))):
        who = hashlib.sha256(f"{site} {n}".encode()).hexdigest()
        entry = {"establishment": site, "motive": "nuevo-ingreso", "profile": {"sex": "male"}, "cases": []}
        at_ms = new_year + admitted
        yield at_ms, f"k1:{who}", Fact(site, f"{site}-both-{n}", "admission", at_ms, entry)
        yield _supervised(site, f"k1:{who}", new_year + supervised)


def _supervised(site: str, who: str, at_ms: int) -> tuple[int, str, Fact]:
    return (
        at_ms,
        who,
        Fact("ml-lima", f"{site}-{who}", "supervision_start", at_ms, _supervision(random.Random(who), "s1")),
    )


def _life(dice: random.Random, name: str) -> list[Fact]:
    at_ms = _ms(FIRST) + dice.randrange((LAST - FIRST).days) * 86_400_000 + dice.randrange(1440) * _MINUTE
    site = dice.choice(SITES)
    entry = {"establishment": site, "declared_admissions": dice.randrange(1, 11), "profile": _profile(dice)}
    entry["cases"] = [_case(dice, n) for n in range(dice.choice((0, 1, 1, 2)))]
    if dice.random() < 0.3:
        facts = [Fact(site, f"{name}-0", "roll_opening", at_ms, entry)]
    else:
        motive = dice.choice(("nuevo-ingreso", "recaptura", "sentencia"))
        facts = [Fact(site, f"{name}-0", "admission", at_ms, entry | {"motive": motive})]
    for n in range(1, dice.randrange(1, 9)):
        at_ms += dice.choice((3, 300, 5_000, 40_000)) * _MINUTE
        kind, data = _event(dice, site)
        if lima_date(at_ms) <= LAST:
            facts.append(Fact(site, f"{name}-{n}", kind, at_ms, data))
    if dice.random() < 0.3:
        target = {"source": site, "id": dice.choice(facts).id}
        facts.append(Fact(site, f"{name}-v", "void", at_ms, {"target": target}))
    return facts


def _event(dice: random.Random, site: str) -> tuple[str, dict[str, Any]]:
    other = dice.choice(SITES)
    return dice.choice(
        (
            ("release", {"establishment": site, "liberty_type": dice.choice(list(load()["liberty_type"]))}),
            ("release", {"establishment": site, "liberty_type": "", "motive": "mandato-judicial"}),
            ("death", {"establishment": site}),
            ("escape", {"establishment": site}),
            ("transfer_departure", {"establishment": site, "destination": other, "motive": "salud"}),
            ("transfer_arrival", {"establishment": other, "origin": site}),
            ("transfer_arrival", {"establishment": other, "origin": site}),
            ("absence_start", {"establishment": site, "reason": "atencion-medica"}),
            ("absence_end", {"establishment": site}),
            ("case_opened", _case(dice, 9)),
            ("case_closed", {"case": "case-0"}),
            ("profile_change", {"profile": _profile(dice)}),
            ("health", {"condition": dice.choice(("tb_sensitive", "tb_mdr")), "event": "diagnosed"}),
            ("health", {"condition": "tb_mdr", "event": "cured"}),
            ("child_entry", {"establishment": site, "child": "c", "sex": "female", "birth_date": "2024-05-01"}),
            ("supervision_start", _supervision(dice, "s1")),
            ("supervision_start", _supervision(dice, "s2")),
            ("supervision_change", {"supervision": "s1", "state": "pasiva"}),
            ("supervision_end", {"supervision": "s2", "cause": "pena-cumplida"}),
        )
    )


def _supervision(dice: random.Random, name: str) -> dict[str, Any]:
    unit = dice.choice(("ml-lima", "ml-sur"))
    said = {"supervision": name, "unit": unit, "service": "semilibertad", "wrong": dice.choice(("delito", "falta"))}
    return said | {"state": "activa-nueva", "offence": dice.choice(list(load()["offence"])[:3])}


def _profile(dice: random.Random) -> dict[str, Any]:
    def maybe(*values: str) -> str | None:
        return dice.choice((*values, *values, None))

    return {
        "sex": maybe("male", "male", "female"),
        "birth_date": maybe(*(f"{dice.randrange(1950, 2012)}-{dice.randrange(1, 13):02}-15" for _ in range(4))),
        "nationality": maybe("PE", "PE", "VE", "CO"),
        "schooling": maybe("primaria-completa", "analfabeto"),
        "civil_status": maybe("soltero", "casado"),
        "occupation": maybe("oficios", "tecnicos"),
        "recidivism": maybe("none", "habitual"),
        "residence": maybe("150101", "150102", "240101", "010101"),
        "residence_nucleus": maybe("n-1", "n-2"),
    }


def _case(dice: random.Random, number: int) -> dict[str, Any]:
    code = dice.choice(list(load()["offence"])[:8])
    months = dice.choice((11, 59, 60, 120, 121, 180, 240, 241, 300, 360, 420, 421, 1200))
    case: dict[str, Any] = {"case": f"case-{number}", "offences": [{"code": code, "attempt": dice.random() < 0.3}]}
    return case | dice.choice(({}, {"sentence": {"months": months}}, {"sentence": {"life": True}}))


def _ms(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000) - LIMA_OFFSET_MS


def yesterday(day: date) -> date:
    return day - timedelta(days=1)
