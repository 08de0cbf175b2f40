"""The signed physical count of an establishment at a moment, and how it is held against the roll.

A headcount is a measurement: it changes no stock. The ledger keeps it in a book of its own; the roll of the same moment
is summed when it is asked, so a late fact opens and closes a discrepancy by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.domain.attributes import NOBODY
from shared.domain.facts import Fact
from shared.domain.ledger import Entry

BOOK = "headcount"
CAUSE = "start"
SIGNED = "signed"
PLACES = ("present", "absent", "in_transit")


def entries_of_headcount(fact: Fact) -> Iterator[Entry]:
    """One line that there was a count, with who signed it as motive; then one for each sex and place that is not nil.

    `detail` reads what|source|id, so the lines of one count are found together.
    """
    for what, sex, number in [(SIGNED, "", 1), *_numbers(fact.data)]:
        if number:
            yield Entry(
                BOOK, CAUSE, fact.at_ms, fact.data["establishment"], "", number, 0, NOBODY._replace(sex=sex), "",
                fact.data["signed_by"] if what == SIGNED else "", f"{what}|{fact.source}|{fact.id}",
            )  # fmt: skip


def _numbers(data: Mapping[str, object]) -> list[tuple[str, str, int]]:
    counted = data["counted"]
    assert isinstance(counted, list), "the contract says so"
    return [(place, line["sex"], line[place]) for line in counted for place in PLACES]


class Persons(NamedTuple):
    """So many of an establishment at a moment: all that belong to it, and where they are."""

    present: int = 0
    absent: int = 0
    in_transit: int = 0

    @property
    def total(self) -> int:
        """Everybody. Whoever is in transit belongs to the origin."""
        return sum(self)


class Compared(NamedTuple):
    """Count and roll of one sex ("" is *sin dato*)."""

    sex: str
    counted: Persons
    roll: Persons

    @property
    def difference(self) -> int:
        """Counted less the roll: above nil, the roll lacks somebody."""
        return self.counted.total - self.roll.total


def compare(counted: Mapping[str, Persons], roll: Mapping[str, Persons]) -> tuple[Compared, ...]:
    """Each sex that is counted or on the roll."""
    sexes = sorted(counted.keys() | {sex for sex, persons in roll.items() if persons.total})
    return tuple(Compared(sex, counted.get(sex, Persons()), roll.get(sex, Persons())) for sex in sexes)


def unreconciled(lines: tuple[Compared, ...]) -> int:
    """How many persons are too many or too few, sex by sex: nil if the count and the roll agree in each."""
    return sum(abs(line.difference) for line in lines)
