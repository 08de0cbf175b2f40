"""How the aggregator stands, as metrics for whoever is to be woken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from shared.domain.laws import LAWS


class _Standing(Collector):
    """Reads the body of `/health` anew each time."""

    def __init__(self, health: Mapping[str, Any]) -> None:
        self._health = health

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What is known now; of laws nothing before they were checked once."""
        followed = self._health["positions"]
        yield _gauge("siep_aggregator_position", "next offset to count", "partition", followed)
        for name, told in (("stopped", "1: nobody counts it any more"), ("undelivered", "1: it owes others something")):
            found = {one: float(one in self._health[name]) for one in {*followed, *self._health[name]}}
            yield _gauge(f"siep_aggregator_{name}", told, "partition", found)
        laws = self._health["laws"]
        if laws:
            broken = {law: laws["broken"].get(law, {}).get("cases", 0) for law in LAWS}
            yield _gauge("siep_law_broken_cases", "cases in which a law of the ledger does not hold", "law", broken)
            checked = datetime.fromisoformat(laws["checked_at"]).timestamp()
            yield GaugeMetricFamily("siep_laws_checked_timestamp_seconds", "when laws were last checked", checked)


def metrics(health: Mapping[str, Any]) -> bytes:
    """The text that Prometheus reads, made of the body of `/health`."""
    registry = CollectorRegistry()
    registry.register(_Standing(health))
    return generate_latest(registry)


def _gauge(name: str, told: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, told, labels=[label])
    for key, value in sorted(values.items()):
        family.add_metric([key], value)
    return family
