"""What the courier sends, and what it does not."""

from __future__ import annotations

import asyncio

import pytest

from services.aggregator import courier
from shared.contracts.topics import MERGED_PARTITION
from shared.domain.facts import DAY_MS, Fact
from tests.support.merged import ORDINARY, PERSONS, SmallCountry
from tests.support.waiting import until

AT = 20_000 * DAY_MS
ENTRY = {"establishment": "ep-001", "motive": "nuevo-ingreso", "profile": {}, "cases": []}


def merged() -> SmallCountry:
    """Two admissions of one person, merged; all is told and counted."""
    country = SmallCountry()
    for number, person in enumerate(PERSONS[:2]):
        country.tell(person, Fact("ep-001", f"in-{number}", "admission", AT, ENTRY))
    country.tell(PERSONS[0], Fact("ep-001", "merge", "identity_merge", AT, {"other": PERSONS[1]}))
    country.finish()
    return country


def lengths(country: SmallCountry) -> list[int]:
    return [len(country.publisher.logs[one]) for one in (*ORDINARY, MERGED_PARTITION)]


def test_each_history_is_sent_once_and_one_notice() -> None:
    country = merged()
    assert lengths(country) == [2, 2, 2]
    assert [row.message.type for row in country.rows(1)] == ["siep.admission.v1", "siep.merge_notice.v1"]
    assert [row.message.type for row in country.rows(MERGED_PARTITION)] == ["siep.moved.v1"] * 2
    for partition in ORDINARY:
        country.deliver(partition)
    assert lengths(country) == [2, 2, 2]


def test_while_the_other_partition_lags_nothing_is_sent_again() -> None:
    country = merged()
    country.tell(PERSONS[0], Fact("ep-001", "out", "death", AT + 1, {"establishment": "ep-001"}))
    country.consume(0, 9)
    for _ in range(3):
        country.deliver(0)
    assert lengths(country) == [3, 2, 3]


def test_a_rebuild_sends_nothing_again() -> None:
    """Neither before the merged partition is as far as its log was, nor afterwards."""
    country = merged()
    again = SmallCountry(country.publisher)
    for partition in ORDINARY:
        again.consume(partition, 9)
        again.deliver(partition)
    assert lengths(again) == [2, 2, 2]
    again.consume(MERGED_PARTITION, 9)
    again.finish()
    assert lengths(again) == [2, 2, 2]
    assert all(again.rows(one) == country.rows(one) for one in (*ORDINARY, MERGED_PARTITION))


async def test_now_and_then_it_looks_though_nothing_says_that_something_is_owed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As when a power cut took rows away, and an owner that died wrote them again."""
    monkeypatch.setattr(courier, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(courier, "LOOK_AGAIN_SECONDS", 0.05)
    country = SmallCountry()
    partition, one = country._owners[0], country._couriers[0]
    going = asyncio.create_task(one.deliver_for_ever(partition))

    async def looked() -> bool:
        return not partition.owing

    async def told() -> bool:
        return bool(country.publisher.logs[MERGED_PARTITION])

    await until(looked, "it has looked a first time")
    country.tell(PERSONS[0], Fact("ep-001", "merge", "identity_merge", AT, {"other": PERSONS[1]}))
    country.consume(0, 9)
    partition.owing = False
    await until(told, "it looks again", seconds=5)
    going.cancel()
