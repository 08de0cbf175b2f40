"""What the fault harness plans, and that its judge sees what is lost, doubled or wrong."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from deploy.local import kafka
from shared.domain.attributes import Attributes
from shared.domain.ledger import Entry
from tests.faults.judge import Expected, Found, Place, summed
from tests.faults.load import lines_of, load
from tests.faults.plan import FAULTS_OF_A_ROUND, KINDS, plan
from tests.faults.system import Detour

KEY = "ab" * 32
ROUNDS_OF_ALL = -(-len(KINDS) // FAULTS_OF_A_ROUND)


def test_a_plan_is_of_its_seed_and_round_alone() -> None:
    assert plan(7, 3) == plan(7, 3)
    assert plan(7, 3) != plan(8, 3)
    assert plan(7, 3) != plan(7, 4)


@pytest.mark.parametrize("seed", [1, 2])
def test_some_thirty_rounds_hold_every_kind_of_fault(seed: int) -> None:
    dealt = {(fault.what, fault.whom) for number in range(ROUNDS_OF_ALL) for fault in plan(seed, number + 1)}
    assert dealt == set(KINDS)


def test_the_broker_sends_its_clients_to_the_proxy(tmp_path: Path) -> None:
    home = Detour(tmp_path, {"kafka": 7})
    home.prepare()
    (home.data / "kafka").mkdir()
    (home.data / "kafka" / "meta.properties").touch()  # formatted already
    ports = home.ports()
    kafka.prepare(home, "", ports, 9)
    text = (home.run / "kafka.properties").read_text()
    assert f"\nlisteners=PLAINTEXT://127.0.0.1:{ports['kafka']},CONTROLLER://127.0.0.1:9\n" in text
    assert "\nadvertised.listeners=PLAINTEXT://127.0.0.1:7\n" in text


def test_a_load_is_of_its_seed_and_round_alone_and_has_of_everything() -> None:
    said = load(5, 2)
    assert said == load(5, 2)
    assert {delivery.door for delivery in said.deliveries} == {"lines", "single", "inbound"}
    lines = lines_of(said.deliveries)
    expected = Expected(KEY)
    assert {expected.fate(*line) for line in lines} == {"accepted", "quarantined", "rejected"}
    assert max(Counter(lines).values()) > 1
    assert {"amendment", "void"} <= {json.loads(line)["type"].split(".")[1] for _, line in lines if line[-1:] == b"}"}
    assert [json.loads(line)["time"] for _, line in lines if line[-1:] == b"}"] != sorted(
        json.loads(line)["time"] for _, line in lines if line[-1:] == b"}"
    )


def test_nothing_is_told_of_a_day_to_come() -> None:
    """Ingest would not take it, by a clock that the judge does not know: round 9 of seed 901 was such a one."""
    said = load(901, 9)
    times = [json.loads(line)["time"] for _, line in lines_of(said.deliveries) if line[-1:] == b"}"]
    assert max(times) < "2026-02-01"


def test_rounds_share_no_person_but_those_whose_news_are_late_or_come_twice() -> None:
    first, second = (set(lines_of(load(5, number).deliveries)) for number in (1, 2))
    assert 0 < len(first & second) < len(second) / 10
    ids = [{json.loads(line)["id"] for _, line in lines if line[-1:] == b"}"} for lines in (first, second)]
    late = {one for one in ids[1] - ids[0] if one.startswith("1-")}
    assert late
    assert len(late) < len(ids[1]) / 5


def test_a_twin_has_the_identity_of_what_is_known_and_says_something_else() -> None:
    said = load(5, 1)
    known = {(speaker, json.loads(line)["id"]): line for speaker, line in _facts(said.deliveries)}
    assert said.twins
    for speaker, line in lines_of(said.twins):
        assert known[speaker, json.loads(line)["id"]] != line


def _facts(deliveries):  # type: ignore[no-untyped-def]
    return [line for line in lines_of(deliveries) if line[1][-1:] == b"}"]


@pytest.fixture(scope="module")
def expected() -> Expected:
    """What must be known after a round, its twins included."""
    known = Expected(KEY)
    said = load(5, 1)
    known.take([*lines_of(said.deliveries), *lines_of(said.twins)])
    return known


@pytest.fixture
def found(expected: Expected) -> Found:
    """A journal in which nothing is wrong."""
    fates = {identity: Counter(counted=1) for identity in expected._first}
    fates |= {identity: Counter(quarantined=2) for identity in expected._quarantined}
    for identity in expected._conflicting:
        fates[identity] += Counter(conflict=1)
    return Found(fates, Counter(expected.cells()), {0: Place(9, 9, 9, 9)})


def test_a_journal_that_is_right_is_found_right(expected: Expected, found: Found) -> None:
    found.fates[next(iter(expected._first))]["duplicate"] += 3
    assert expected.compare(found).well


def test_what_is_not_counted_is_lost(expected: Expected, found: Found) -> None:
    identity = next(iter(expected._first.keys() - expected._conflicting))
    del found.fates[identity]  # type: ignore[attr-defined]
    assert expected.compare(found).lost == [identity]


def test_what_is_counted_twice_is_doubled(expected: Expected, found: Found) -> None:
    identity = next(iter(expected._first))
    found.fates[identity]["counted"] += 1
    assert expected.compare(found).doubled == [identity]


def test_one_person_too_many_in_one_cell_is_wrong(expected: Expected, found: Found) -> None:
    found.cells[next(iter(found.cells))] += 1
    assert len(expected.compare(found).wrong) == 1


def test_a_cell_that_must_not_be_there_is_wrong(expected: Expected, found: Found) -> None:
    entry = Entry("custody", "admission", 1, "ep-001", "", 1, 0, Attributes(), "", "", "")
    found.cells.update(summed([("k1:nobody", entry)]))
    assert len(expected.compare(found).wrong) == 1


def test_a_gap_in_the_numbers_is_wrong(expected: Expected, found: Found) -> None:
    found.places[0] = Place(9, 9, 10, 10)  # type: ignore[index]
    assert len(expected.compare(found).wrong) == 1


def test_an_offset_that_is_there_twice_is_wrong(expected: Expected, found: Found) -> None:
    found.places[0] = Place(9, 8, 9, 9)  # type: ignore[index]
    assert len(expected.compare(found).wrong) == 1


def test_what_nobody_said_is_wrong(expected: Expected, found: Found) -> None:
    found.fates["ep-001", "stranger"] = Counter(counted=1)  # type: ignore[index]
    assert len(expected.compare(found).wrong) == 1


@pytest.mark.parametrize("outcome", ["conflict", "quarantined"])
def test_a_fact_has_no_other_fate_than_counted_and_duplicate(expected: Expected, found: Found, outcome: str) -> None:
    identity = next(iter(expected._first.keys() - expected._conflicting))
    found.fates[identity][outcome] += 1
    assert len(expected.compare(found).wrong) == 1


def test_a_twin_that_is_not_told_as_a_conflict_is_wrong(expected: Expected, found: Found) -> None:
    identity = next(iter(expected._conflicting))
    found.fates[identity] = Counter(counted=1, duplicate=1)  # type: ignore[index]
    assert len(expected.compare(found).wrong) == 1


def test_what_must_be_quarantined_and_was_counted_is_wrong(expected: Expected, found: Found) -> None:
    identity = next(iter(expected._quarantined))
    found.fates[identity]["counted"] += 1
    assert len(expected.compare(found).wrong) == 1
