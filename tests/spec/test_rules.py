"""Every counting rule, as its table says; and the methodology page is made of these tables."""

from __future__ import annotations

import pytest

from shared.domain.custody import fold
from shared.domain.facts import lima_day
from shared.domain.ledger import Entry, entries
from tests.spec.rules import JANUARY_1, RULES, Rule


def line(entry: Entry, shows: tuple[str, ...]) -> str:
    day = lima_day(entry.effective_ms) - JANUARY_1 + 1
    attributes = "".join(f" {name}={getattr(entry.attributes, name)}" for name in shows)
    return f"{day} {entry.book} {entry.cause} {entry.establishment} {entry.stock_delta:+d} flow {entry.flow_delta:+d}{attributes}"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_rule_holds(rule: Rule) -> None:
    timeline = fold(rule.facts())
    assert tuple(line(entry, rule.shows) for entry in entries(timeline.spells)) == rule.counted
    assert tuple(anomaly.kind for anomaly in timeline.anomalies) == rule.anomalies


def test_every_name_is_used_once() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
