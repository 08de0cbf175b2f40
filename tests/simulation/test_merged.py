"""A fixed thousand of runs of merged persons, and what each of their rules is for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest

from services.aggregator import courier, folding
from services.aggregator.courier import Courier, Owed, owed_for
from services.aggregator.handlers import Partition
from shared.contracts.mapping import moved
from shared.contracts.topics import MERGED_PARTITION
from shared.domain import merging
from shared.ports import Moved, Outgoing, Position
from tests.simulation.merged import Rules, explained, first_wrong, planned, why_wrong

RUNS = (1_445, *range(1_000))
"""A thousand, and before them one that goes wrong if an owner which lost its place does not look again: none of them does."""


class NothingSentAtAssignment(Partition):
    async def take_over(self) -> Position:
        position = await super().take_over()
        self.owing = False
        return position


class NotLookedAtAgain(Partition):
    """Who lost its place and reads it again does not ask what others wrote meanwhile and did not tell."""

    async def take_over(self) -> Position:
        owing = self.owing
        position = await super().take_over()
        self.owing = owing
        return position


class SentBeforeItIsThere(Courier):
    """What was sent is remembered before the log has it."""

    async def _send(self, lacking: Sequence[Owed]) -> None:
        self._sent.update(one.told for one in lacking)
        await super()._send(lacking)


class FactByFact(Courier):
    """A history goes in as many messages as it has facts."""

    async def _messages(self, some: Sequence[Owed]) -> list[Outgoing]:
        told = await self._journal.payloads_of(self._number, {one.row.subject for one in some})
        whole = await super()._messages([one for one in some if not _is_a_history(one)])
        return whole + [
            Outgoing(MERGED_PARTITION, b"", moved(f"{self._number}:{at}", subject, one.row.recorded_at_ms, [payload]))
            for one in some
            if _is_a_history(one)
            for at, subject, payload in told
            if payload and subject == one.row.subject and at <= one.row.offset
        ]


def _is_a_history(one: Owed) -> bool:
    return one.told.partition == MERGED_PARTITION and one.row.offset == one.row.named_at


def without_notices(partition: int, row: Moved) -> Iterable[Owed]:
    return (owed for owed in owed_for(partition, row) if owed.told.partition == MERGED_PARTITION)


def test_whatever_happens_the_ledger_is_the_reference_and_nobody_is_double() -> None:
    seed = first_wrong(RUNS, Rules())
    assert seed is None, explained(seed, Rules())


@pytest.mark.parametrize(
    "rules",
    [
        Rules(partition=NothingSentAtAssignment),
        Rules(partition=NotLookedAtAgain),
        Rules(courier=SentBeforeItIsThere),
        Rules(courier=FactByFact),
    ],
    ids=str,
)
def test_without_this_rule_a_run_ends_wrong(rules: Rules) -> None:
    assert first_wrong(RUNS, rules) is not None


def test_without_notice_to_the_other_token_a_run_ends_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "owed_for", without_notices)
    assert first_wrong(RUNS, Rules()) is not None


def test_without_the_time_of_the_retraction_a_person_was_double(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folding, "carried_time", lambda _: 0)
    seed = first_wrong(RUNS, Rules())
    assert seed is not None
    assert "a person is inside" in str(why_wrong(planned(seed), Rules()))


def test_without_waiting_for_all_tokens_of_a_person_it_was_double(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merging, "_has_moved", lambda _: True)
    seed = first_wrong(RUNS, Rules())
    assert seed is not None
    assert "a person is inside" in str(why_wrong(planned(seed), Rules()))


def test_without_looking_whether_the_journal_became_shorter_a_history_had_no_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(courier, "_refuse_a_shorter_journal", lambda *_: None)
    seed = first_wrong(RUNS, Rules())
    assert seed is not None
    assert "by a part of its history" in str(why_wrong(planned(seed), Rules()))


def test_a_wrong_run_is_told_in_few_steps() -> None:
    rules = Rules(partition=NothingSentAtAssignment)
    seed = first_wrong(RUNS, rules)
    assert seed is not None
    said = explained(seed, rules).splitlines()
    assert said[0].startswith(f"merged, seed={seed}")
    assert any("identity_merge" in line for line in said)
