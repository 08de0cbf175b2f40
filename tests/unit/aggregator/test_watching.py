"""The watch over the laws of the ledger."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta

import pytest

from services.aggregator.watching import EVERY_SECONDS, Watch
from shared.contracts.questions import LEDGER_VERSION, FiguresUnavailableError, LogPosition, Provenance
from shared.contracts.topics import PARTITIONS
from shared.domain.laws import SAMPLES, Verdict
from shared.runtime.clock import FixedClock
from tests.support.waiting import until

POSITION = LogPosition(LEDGER_VERSION, (1,) * PARTITIONS)


class Answers:
    """Figures that tell these verdicts; none: the journal is away."""

    def __init__(self, *verdicts: Verdict) -> None:
        self.verdicts = verdicts
        self.samples: list[int] = []
        self.fails: Exception | None = None  # once

    async def laws(self, sample: int) -> tuple[tuple[Verdict, ...], Provenance]:
        self.samples.append(sample)
        if self.fails:
            error, self.fails = self.fails, None
            raise error
        if not self.verdicts:
            raise FiguresUnavailableError("the journal does not answer")
        return self.verdicts, Provenance(POSITION, None, provisional=False, catalogue_version="")


def watch(answers: Answers, after: timedelta = timedelta()) -> Watch:
    return Watch(answers, FixedClock(datetime(2026, 1, 31, tzinfo=UTC) + after))  # type: ignore[arg-type]  # asks for laws alone


async def found(one: Watch) -> bool:
    return bool(one.found)


async def test_a_ledger_that_obeys_is_said_to(caplog: pytest.LogCaptureFixture) -> None:
    one = watch(Answers(Verdict("transfers_meet", 0, "")))
    await one.look()
    assert one.found == {"checked_at": "2026-01-31T00:00:00+00:00", "position": str(POSITION), "broken": {}}
    assert not caplog.records


async def test_a_broken_law_is_told_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    one = watch(Answers(Verdict("transfers_meet", 2, "custody ep-001 ep-002"), Verdict("no_negative_cell", 0, "")))
    await one.look()
    assert one.found["broken"] == {"transfers_meet": {"cases": 2, "example": "custody ep-001 ep-002"}}
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


async def test_while_the_journal_is_away_the_last_look_stands() -> None:
    answers = Answers(Verdict("transfers_meet", 2, "custody ep-001 ep-002"))
    one = watch(answers)
    await one.look()
    found = one.found
    answers.verdicts = ()
    await one.look()
    assert one.found is found


async def test_what_nobody_foresaw_is_logged_and_the_watch_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.aggregator.watching.EVERY_SECONDS", 0.01)
    answers = Answers(Verdict("transfers_meet", 0, ""))
    answers.fails = KeyError("establishment")
    one = watch(answers)
    running = asyncio.create_task(one.run())
    await until(lambda: found(one), "what it looks at again is found")
    running.cancel()
    assert [record.levelno for record in caplog.records] == [logging.CRITICAL]


async def test_in_time_everybody_is_looked_at_however_often_it_restarts() -> None:
    answers = Answers(Verdict("transfers_meet", 0, ""))
    for turn in range(SAMPLES):
        await watch(answers, timedelta(seconds=turn * EVERY_SECONDS)).look()
    assert sorted(answers.samples) == list(range(SAMPLES))
