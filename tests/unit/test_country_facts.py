"""The messages of the simulated country, told by the fold: printed cells, known stocks, no contradiction."""

import re
import time
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from itertools import islice

import orjson
import pytest

from deploy.demo.country import facts, tables
from deploy.demo.country.events import Kind
from deploy.demo.country.facts import generate
from deploy.demo.country.histories import STAY
from deploy.demo.country.messages import WRITERS, Stay
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.domain.attributes import LIFE
from shared.domain.custody import fold
from shared.domain.facts import Fact
from shared.ports import Outgoing
from shared.reference.catalogue import load
from shared.reference.published import cells

RANKS = {code: entry.rank for code, entry in load()["offence"].items()}
PRINTED = {cell[:3]: cell.value for cell in cells("2026-01")}
TOP_20 = {row for table, row, _ in PRINTED if table == "offence_status"}
PERSON = re.compile(rb'"document":"(\w+)","number":"(\w+)"')
LIMA = timedelta(hours=-5)
SENTENCE_BANDS = {1: "[5,10]", 2: "(10,15]", 3: "(15,20]", 4: "(20,25]", 5: "(25,30]", 6: "(30,35]"}


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


def _ranked(data):
    """Ingest stamps the gravity of every offence."""
    for holder in (data, *data.get("cases", ())):
        for offence in holder.get("offences", ()):
            offence["rank"] = RANKS[offence["code"]]
    return data


def _fact(line: bytes) -> Fact:
    """A message as the fold sees it."""
    said = orjson.loads(line)
    data = _ranked(said["data"])
    if "replacement" in data:
        new = data["replacement"]
        data["replacement"] = {"kind": _kind(new), "at_ms": _milliseconds(new["time"]), "data": _ranked(new["data"])}
    return Fact(said["source"], said["id"], _kind(said), _milliseconds(said["time"]), data)


def _kind(said) -> str:
    return said["type"].split(".")[1]


def _told(lines):
    """The timeline of each person, with a message sent twice taken once."""
    of_person = defaultdict(set)
    for source, line in lines:
        if source != "inpe":
            of_person[PERSON.search(line).groups()].add(line)
    return {person: fold(map(_fact, said)) for person, said in of_person.items()}


class Country:
    """The whole country, told once for all tests of this module."""

    def __init__(self) -> None:
        started = time.process_time()
        lines = list(generate(1, 1))
        self.seconds = time.process_time() - started
        self.count = len(lines)
        self.reference = [orjson.loads(line) for source, line in lines if source == "inpe"]
        self.timelines = list(_told(lines).values())
        self.stays = [spell for told in self.timelines for spell in told.spells if spell.book == "custody"]


@pytest.fixture(scope="module")
def country():
    return Country()


def _age_band(birth_month: int) -> str:
    age = (2026 * 12 - birth_month) // 12
    return (
        "60+" if age >= 60 else "16-17" if age < 18 else "18-19" if age < 20 else f"{age // 5 * 5}-{age // 5 * 5 + 4}"
    )


def _sentence_band(months: int) -> str:
    return "[0,5)" if months < 60 else SENTENCE_BANDS[max((months - 1) // 60, 1)]


def _counted(place: str, who):
    """Every printed cell that somebody inside at the end is counted in."""
    status = "procesado" if who.legal_status == "procesado" else "sentenciado"
    line = f"{who.offence}/attempt" if who.attempt else who.offence
    line = line if line in TOP_20 else "otros"
    yield "establishment_status_sex", place, f"{status}/{who.sex}"
    yield "offence_status", line, status
    yield "offence_age", line, _age_band(who.birth_month)
    yield "civil_status_sex", who.civil_status, who.sex
    yield "nationality_sex", "PE" if who.nationality == "PE" else "foreign", who.sex
    yield "admissions", str(who.admissions) if who.admissions < 8 else "8+", "persons"
    group = who.schooling.split("-")[0]
    yield "schooling", group if group in ("primaria", "secundaria") else "rest", "persons"
    if who.nationality != "PE":
        yield "foreigners_establishment", place, "foreign"
    if status == "sentenciado":
        band = "life" if who.sentence_months == LIFE else _sentence_band(who.sentence_months - 1)
        yield "sentence", band, "persons"


def _midnight_after(year: int, month: int) -> int:
    following = date(year + month // 12, month % 12 + 1, 1)
    return int((datetime(following.year, following.month, 1, tzinfo=UTC) - LIMA).timestamp() * 1000)


def test_all_658_printed_cells_are_met(country):
    inside = [told for told in country.timelines if told.custody]
    counted = Counter(cell for told in inside for cell in _counted(told.custody.place, told.attributes()))
    for said in country.reference:  # in the order of their times: the last capacity is in force
        if _kind(said) == "capacity":
            counted["capacity", said["data"]["establishment"], "places"] = said["data"]["places"]
    assert len(PRINTED) == 658
    assert {cell: counted[cell] for cell in PRINTED} == PRINTED
    offences = Counter((told.attributes().offence, told.attributes().attempt) for told in inside)
    assert sorted(offences.values(), reverse=True)[20] < 944


def test_nothing_contradicts_and_everything_is_over_before_the_end(country):
    assert [anomaly for told in country.timelines for anomaly in told.anomalies] == []
    assert [told for told in country.timelines if told.transit] == []
    assert max(spell.standings[-1].at_ms for spell in country.stays) < _midnight_after(2026, 1)


@pytest.mark.parametrize("month", tables.KNOWN_STOCKS)
def test_the_national_stock_passes_through_the_known_ones(country, month):
    close = _midnight_after(*month)
    inside = [s for s in country.stays if s.opened_ms < close and (s.closed_ms is None or s.closed_ms >= close)]
    assert len(inside) == tables.KNOWN_STOCKS[month]


def test_everybody_on_the_first_roll_is_as_printed(country):
    roll = [spell.standings[0].attributes for spell in country.stays if spell.opened_cause == "opening"]
    assert Counter(who.legal_status == "procesado" for who in roll) == {True: 34_739, False: 53_684}
    assert Counter(who.sex for who in roll) == {"male": 83_448, "female": 4_975}


def test_women_and_men_are_where_their_prisons_house_them_at_all_times(country):
    houses = {site.code: site.houses for site in tables.establishments()}
    met = {(houses[spell.place], standing.attributes.sex) for spell in country.stays for standing in spell.standings}
    assert met == {("male", "male"), ("female", "female"), ("mixed", "male"), ("mixed", "female")}


def test_adults_enter_but_for_the_few_under_18_that_are_printed(country):
    young = Counter(
        spell.opened_ms < _midnight_after(2025, 5)
        for spell in country.stays
        if _months_at(spell.opened_ms) - spell.standings[0].attributes.birth_month < 18 * 12
    )
    assert not young[True]
    assert young[False] >= 102


def _months_at(at_ms: int) -> int:
    day = datetime.fromtimestamp(at_ms / 1000, UTC) + LIMA
    return day.year * 12 + day.month - 1


def test_all_movements_are_there_and_capacities_pass_through_the_known_ones(country):
    causes = Counter(spell.opened_cause for spell in country.stays) + Counter(s.closed_cause for s in country.stays)
    assert set(causes) - {""} == {
        *("opening", "admission", "recapture", "transfer_in"),
        *("release", "death", "escape", "transfer_out"),
    }
    places: Counter[str] = Counter()
    known = {}
    for said in country.reference:
        if _kind(said) == "capacity":
            places[said["data"]["establishment"]] = said["data"]["places"]
            known[said["time"][:7]] = places.total()
    assert (known["2018-06"], known["2022-02"], known["2022-06"], known["2025-06"]) == (40_137, 41_123, 41_018, 41_764)


def test_the_country_is_of_the_promised_size_and_quickly_made(country):
    assert 500_000 < country.count < 650_000
    assert country.seconds < 60


def test_every_message_is_accepted_at_the_door():
    screen = Screen(load(), Tokeniser(b"k" * 32))
    now = datetime(2026, 3, 1, tzinfo=UTC)
    kinds = Counter()
    for source, line in generate(3, 0.05):
        assert isinstance(screen.screen(line, source, now), Outgoing), line
        kinds[_kind(orjson.loads(line))] += 1
    assert set(kinds) == {
        *("establishment", "capacity", "roll_opening", "admission", "case_opened", "case_changed", "case_closed"),
        *("release", "death", "escape", "transfer_departure", "transfer_arrival", "absence_start", "absence_end"),
        *("profile_change", "health", "child_entry", "child_exit", "supervision_start", "supervision_change"),
        *("supervision_end", "amendment", "void"),
    }


@pytest.mark.parametrize(("seed", "scale"), [(7, 0.002), (8, 0.01), (9, 0.05)])
def test_a_sample_of_the_country_is_free_of_contradictions(seed, scale):
    timelines = _told(generate(seed, scale)).values()
    assert [anomaly for told in timelines for anomaly in told.anomalies] == []
    assert sum(told.custody is not None for told in timelines) == round(103_717 * scale)


def _digest(seed: int, scale: float) -> str:
    return sha256(b"\n".join(line for _, line in generate(seed, scale))).hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others():
    assert _digest(5, 0.01) == _digest(5, 0.01)
    assert _digest(5, 0.01) != _digest(6, 0.01)


def test_messages_come_in_the_order_of_time_but_for_the_late_ones():
    times = [orjson.loads(line)["time"] for _, line in generate(5, 0.02)]
    latest, behind = "", 0
    for moment in times:
        behind += moment < latest
        latest = max(latest, moment)
    assert 0 < behind < 0.05 * len(times)


def test_replicas_are_other_people_with_ids_of_their_own():
    def said(replica: int):
        lines = list(facts._replica(5, replica, 0.01))
        return {PERSON.search(line).groups() for *_, line in lines}, {orjson.loads(line)["id"] for *_, line in lines}

    people, ids = said(0)
    others, other_ids = said(1)
    assert people.isdisjoint(others)
    assert ids.isdisjoint(other_ids)


def test_a_larger_scale_begins_with_the_establishments_once():
    first = [orjson.loads(line) for _, line in islice(generate(5, 1.01), 138)]
    assert Counter(_kind(said) for said in first) == {"establishment": 69, "capacity": 69}


@pytest.mark.parametrize("scale", [0, -1, 151, float("nan")])
def test_a_scale_that_makes_no_sense_is_refused(scale):
    with pytest.raises(ValueError, match=r"scale: expected 0\.001 to 150"):
        next(generate(1, scale))


def test_rows_and_writers_match_what_they_are_made_from():
    assert Stay._fields == STAY.names
    assert len(WRITERS) == len(Kind)
