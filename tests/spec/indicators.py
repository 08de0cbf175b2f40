"""Occupancy and overcrowding as a table: population, places, and what follows."""

from __future__ import annotations

from typing import NamedTuple

from shared.domain.measures import Crowding

NOTHING = Crowding(None, None, None, None)


class Example(NamedTuple):
    """A prison, and what is said about it."""

    name: str
    population: int
    capacity: int | None
    follows: Crowding


CROWDING = (
    Example("Half empty", 50, 100, Crowding(-50, 0.5, -0.5, critical=False)),
    Example("Exactly a fifth over", 120, 100, Crowding(20, 1.2, 0.2, critical=False)),
    Example("One person more", 121, 100, Crowding(21, 1.21, 0.21, critical=True)),
    Example("Chachapoyas, January 2026", 881, 732, Crowding(149, 881 / 732, 149 / 732, critical=True)),
    Example("Capacity not known", 50, None, NOTHING),
    Example("Capacity 0", 50, 0, NOTHING),
)
