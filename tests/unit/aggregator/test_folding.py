"""Where a batch is cut."""

from __future__ import annotations

import pytest

from services.aggregator import folding
from services.aggregator.folding import fold_batch
from shared.contracts.mapping import Message
from shared.domain.facts import DAY_MS, Fact
from shared.ports import Position, Record

_DATA = {"establishment": "ep-001", "liberty_type": "libertad-simple"}
_PAST = [(number, Fact("ep-001", f"f{number}", "release", (number + 100) * DAY_MS, _DATA)) for number in range(50)]


def _told(number: int, day: int) -> tuple[Record, Message]:
    fact = Fact("ep-001", f"more-{number}", "release", day * DAY_MS, _DATA)
    return Record(100 + number, 0, b""), Message(fact.source, fact.id, "k1:a", "siep.release.v1", fact)


@pytest.mark.parametrize(("days", "consumed"), [([1, 2, 3, 4], 2), ([201, 202, 203, 204], 4)])
def test_a_batch_is_cut_by_what_is_folded_again_and_told_last_is_not(
    monkeypatch: pytest.MonkeyPatch, days: list[int], consumed: int
) -> None:
    monkeypatch.setattr(folding, "FOLDED_PER_BATCH_MAX", 150)
    folded = fold_batch([_told(number, day) for number, day in enumerate(days)], {"k1:a": _PAST}, Position(100, 100, 0))
    assert len(folded.consumed) == consumed
    assert folded.next_offset == 100 + consumed
