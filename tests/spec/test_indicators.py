"""Occupancy and overcrowding follow from population and places as the table says, and as INPE's month shows."""

from __future__ import annotations

import pytest

from shared.domain.measures import MEASURES, Measure, crowding
from shared.reference.catalogue import load
from tests.spec.indicators import CROWDING, Example

PRISONS = [(site.population, site.capacity) for site in load().establishments.values()]


@pytest.mark.parametrize("example", CROWDING, ids=lambda example: example.name)
def test_what_follows(example: Example) -> None:
    assert crowding(example.population, example.capacity) == pytest.approx(example.follows)


def test_the_nation_in_january_2026_is_net_and_51_prisons_are_critical() -> None:
    excesses = [crowding(*prison).excess or 0 for prison in PRISONS]
    assert sum(excesses) == 61_953
    assert sum(excess for excess in excesses if excess > 0) == 63_003
    assert sum(crowding(*prison).critical or False for prison in PRISONS) == 51
    rounded = [round(crowding(*prison).overcrowding or 0, 2) > 0.2 for prison in PRISONS]
    assert sum(rounded) == 50, "one prison is lost by rounding first"


def test_each_ratio_divides_the_numbers_that_it_names() -> None:
    """The declared numerator and denominator are those of the formula."""
    said = crowding(150, 100)._asdict() | {"population": 150, "capacity": 100}
    ratios = [column for column in MEASURES[Measure.CROWDING].values if column.unit == "ratio"]
    assert len(ratios) == 2
    for column in ratios:
        assert said[column.key] == said[column.numerator] / said[column.denominator]
