"""Every counting rule, as its table says; and no rule of the fold without a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from itertools import permutations
from typing import Any

import pytest

from shared.contracts.facts import DATA
from shared.domain import reference
from shared.domain.anomalies import DEPARTED_NOT_ARRIVED, LISTED, TRANSIT_DAYS_MAX
from shared.domain.custody import Spell, fold
from shared.domain.establishments import REFERENCE_KINDS, entries_of_reference
from shared.domain.facts import DAY_MS, RANK, Fact, lima_day
from shared.domain.ledger import Entry, entries
from shared.reference.catalogue import load
from tests.spec.rule import JANUARY_1, Rule, at_ms
from tests.spec.rules import RULES

MAKES_NO_ENTRY = {"period_close"}
"""Kinds that no counting rule is about yet."""

CATALOGUES = {
    "establishment": "establishment",
    "destination": "establishment",
    "code": "offence",
    "liberty_type": "liberty_type",
    "civil_status": "civil_status",
    "schooling": "schooling",
    "unit": "supervision_unit",
    "service": "supervision_service",
    "state": "supervision_state",
    "office": "regional_office",
}
MOTIVES = {
    "admission": "admission_motive",
    "death": "exit_motive",
    "absence_start": "absence_reason",
    "supervision_end": "archiving_cause",
}


def line(entry: Entry, shows: tuple[str, ...]) -> str:
    day = lima_day(entry.effective_ms) - JANUARY_1 + 1
    shown = "".join(f" {name}={getattr(entry if name in Entry._fields else entry.attributes, name)}" for name in shows)
    return f"{day} {entry.book} {entry.cause} {entry.establishment} {entry.stock_delta:+d} flow {entry.flow_delta:+d}{shown}"


def told(facts: list[Fact]) -> tuple[list[Entry], tuple[str, ...]]:
    """What is counted, and the anomalies."""
    if facts[0].kind in REFERENCE_KINDS:
        return entries_of_reference(facts), ()
    timeline = fold(facts)
    noted = tuple(anomaly.kind for anomaly in reference.contradictions(facts))
    return entries(timeline.spells), (*noted, *_overdue(timeline.transit))


def _overdue(transit: Spell | None) -> tuple[str, ...]:
    """What is shown at the end of January of somebody who is in transit then."""
    is_overdue = transit is not None and transit.opened_ms + TRANSIT_DAYS_MAX * DAY_MS <= at_ms(32, 0)
    return (DEPARTED_NOT_ARRIVED,) if is_overdue else ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_holds_in_every_order_of_arrival(rule: Rule) -> None:
    for facts in permutations(rule.facts()):
        counted, anomalies = told(sorted(facts, key=lambda fact: fact.kind not in REFERENCE_KINDS))
        assert tuple(line(entry, rule.shows) for entry in counted) == rule.counted
        assert anomalies == rule.anomalies


def test_every_name_is_used_once() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)


def codes(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every code in what a fact says, with the field it stands in."""
    for field, value in data.items():
        for part in value if isinstance(value, list) else [value]:
            if isinstance(part, Mapping):
                yield from codes(part)
            else:
                yield field, str(part)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_examples_use_codes_of_the_catalogues(rule: Rule) -> None:
    for _, _, kind, data in rule.told:
        for field, code in codes(data):
            name = CATALOGUES.get(field) or MOTIVES.get(kind if field in {"motive", "cause", "reason"} else "")
            assert name is None or code in load()[name], (kind, field, code)


def test_every_anomaly_has_a_rule_and_a_label() -> None:
    assert set(LISTED) == {anomaly for rule in RULES for anomaly in rule.anomalies}


def test_every_kind_has_a_place_in_the_telling_and_a_rule() -> None:
    kinds = {name.split(".")[1] for name in DATA}
    assert set(RANK) == kinds
    assert {kind for rule in RULES for _, _, kind, _ in rule.told} == kinds - MAKES_NO_ENTRY


@pytest.mark.parametrize(
    ("moment", "day"),
    [("2026-01-06T04:59:59.999+00:00", 5), ("2026-01-06T05:00:00+00:00", 6), ("2026-01-06T00:00-05:00", 6)],
)
def test_a_day_is_lima_s(moment: str, day: int) -> None:
    at_ms = round(datetime.fromisoformat(moment).timestamp() * 1000)
    assert lima_day(at_ms) == (date(2026, 1, day) - date(1970, 1, 1)).days == JANUARY_1 + day - 1
