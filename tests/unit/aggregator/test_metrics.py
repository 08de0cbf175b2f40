"""What wakes somebody: the metrics say what health says."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from services.aggregator.metrics import metrics

WELL: dict[str, Any] = {"positions": {"0": 7, "3": 9}, "stopped": {}, "undelivered": {}, "laws": {}}


def values(health: dict[str, Any]) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(metrics(health).decode())
    return {(one.name, "".join(one.labels.values())): one.value for family in families for one in family.samples}


def test_each_partition_is_told_and_no_law_before_one_was_checked() -> None:
    assert values(WELL) == {
        ("siep_aggregator_position", "0"): 7,
        ("siep_aggregator_position", "3"): 9,
        ("siep_aggregator_stopped", "0"): 0,
        ("siep_aggregator_stopped", "3"): 0,
        ("siep_aggregator_undelivered", "0"): 0,
        ("siep_aggregator_undelivered", "3"): 0,
    }


def test_what_stopped_or_is_owed_or_broken_is_told() -> None:
    laws = {"checked_at": "2026-01-31T00:00:00+00:00", "broken": {"no_negative_cell": {"cases": 4, "example": ""}}}
    found = values(WELL | {"stopped": {"5": "why"}, "undelivered": {"0": "why"}, "laws": laws})
    assert found["siep_aggregator_stopped", "5"] == 1
    assert (found["siep_aggregator_undelivered", "0"], found["siep_aggregator_undelivered", "3"]) == (1, 0)
    assert (found["siep_law_broken_cases", "no_negative_cell"], found["siep_law_broken_cases", "transfers_meet"]) == (
        4,
        0,
    )
    assert found["siep_laws_checked_timestamp_seconds", ""] == 1_769_817_600
