"""Checkpoints are made in order, and a journal that is away is asked again."""

from __future__ import annotations

import logging
from datetime import date

import pytest

from services.aggregator.checkpointing import make_due
from shared.ports import JournalError

MONTHS = [date(2026, 1, 1), date(2026, 2, 1), date(2026, 3, 1)]


class Kept:
    """Checkpoints of which some are made; the journal goes away after so many answers."""

    def __init__(self, answers: int) -> None:
        self.made: list[date] = []
        self.answers = answers

    async def due(self) -> list[date]:
        self._answer()
        return [month for month in MONTHS if month not in self.made]

    async def make(self, month: date) -> None:
        self._answer()
        self.made.append(month)

    def _answer(self) -> None:
        self.answers -= 1
        if self.answers < 0:
            raise JournalError("away")


async def test_all_that_are_due_are_made_in_order() -> None:
    kept = Kept(answers=10)
    await make_due(kept)
    assert kept.made == MONTHS


async def test_while_the_journal_is_away_what_is_made_stays_and_the_rest_is_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    kept = Kept(answers=2)
    await make_due(kept)
    assert kept.made == MONTHS[:1]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    kept.answers = 10
    await make_due(kept)
    assert kept.made == MONTHS
