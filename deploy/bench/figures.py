"""A measured figure beside its budget. Machines are noisy by ±40 %, so only twice the budget is a failure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TOLERATED = 2.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. Without a budget it only explains; `at_least` says that more is better."""

    name: str
    measured: float
    unit: str
    budget: float | None = None
    at_least: bool = False

    @property
    def ratio(self) -> float | None:
        """How far the budget is used: 1 is all of it, above 1 is beyond; None without a budget."""
        if self.budget is None:
            return None
        if self.at_least:
            return self.budget / self.measured if self.measured else float("inf")
        return self.measured / self.budget

    @property
    def failed(self) -> bool:
        """Whether the figure is beyond twice its budget."""
        return self.ratio is not None and self.ratio > TOLERATED

    def row(self) -> tuple[str, str, str, str]:
        """Figure, measured, budget and ratio as text."""
        measured = f"{_short(self.measured)} {self.unit}"
        if self.budget is None or self.ratio is None:
            return self.name, measured, "", ""
        return self.name, measured, f"{'≥' if self.at_least else '≤'} {_short(self.budget)}", f"{self.ratio:.2f}"


def percentile(measured: Sequence[float], percent: float) -> float:
    """The smallest measurement that so many per cent of all do not exceed."""
    in_order = sorted(measured)
    rank = -(-len(in_order) * percent // 100)  # rounded up
    return in_order[max(int(rank), 1) - 1]


def _short(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:,.3g}"
