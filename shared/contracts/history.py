"""Why a figure changed: what it was, what it is, and which facts made the difference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from shared.contracts.questions import LogPosition, Question


class Change(NamedTuple):
    """What the facts of one type that were recorded on one Lima day (ISO) did to a figure."""

    recorded_day: str
    fact_type: str
    facts: int
    change: int


@dataclass(frozen=True, slots=True)
class FigureHistory:
    """A figure at two positions and the changes between them.

    `remapped` is what no fact about people changed: `after - before - sum of changes`. It is nil unless the figure is
    filtered by a territory and an establishment moved to another.
    """

    question: Question
    since: LogPosition
    until: LogPosition
    before: int
    after: int
    changes: tuple[Change, ...]

    @property
    def remapped(self) -> int:
        """See the class."""
        return self.after - self.before - sum(change.change for change in self.changes)
