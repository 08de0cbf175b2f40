"""The ledger that grows fact by fact equals the slow reference, for every order of arrival."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.domain import anomalies, history, reference
from shared.domain.facts import Fact, lima_day
from shared.domain.history import History, stated
from shared.domain.ledger import FLOWS, Entry, difference, entries_of_anomalies
from shared.domain.reference import Cell, Stated
from tests.spec.rule import ADMITTED, RELEASED, SOURCE, at_ms
from tests.support.histories import FIRST_DAY, histories, statements
from tests.support.sums import first_of_each, flows_of, stock_of

DAYS = range(FIRST_DAY - 1, FIRST_DAY + 9)


def grown(facts: list[Fact]) -> list[Entry]:
    """The ledger as it is appended, one arriving fact after the other."""
    history = History([])
    return [entry for fact in facts if history.twin(fact) is None for entry in history.add(fact)]


def netted(made: list[Entry]) -> Counter[Entry]:
    """Entries as what they add up to, whatever their order."""
    total: Counter[Entry] = Counter()
    for entry in made:
        sign = -1 if (entry.stock_delta, entry.flow_delta) < (0, 0) else 1
        total[entry if sign == 1 else entry.retracted()] += sign
    return Counter({entry: count for entry, count in total.items() if count})


@given(histories(), st.integers(0, 12))
@settings(max_examples=300, deadline=None)
def test_one_more_fact_changes_what_the_definition_says(facts: list[Fact], begun_with: int) -> None:
    """Wherever a history is begun, growing it makes the same entries, and they are the difference of two folds."""
    once = first_of_each(facts)
    begun, grown_from_nothing = History(once[:begun_with]), History([])
    for count, fact in enumerate(once):
        made = grown_from_nothing.add(fact)
        assert netted(made) == netted(difference(stated(once[:count]), stated(once[: count + 1])))
        if count >= begun_with:
            assert begun.add(fact) == made


@given(histories())
@settings(max_examples=300, deadline=None)
def test_the_stock_of_every_day_equals_the_reference(facts: list[Fact]) -> None:
    ledger = grown(facts)
    for day in DAYS:
        assert stock_of(ledger, day) == dict(reference.stock([first_of_each(facts)], day))


@given(histories(max_size=8))
@settings(max_examples=200, deadline=None)
def test_every_movement_equals_the_reference(facts: list[Fact]) -> None:
    assert flows_of(grown(facts)) == dict(reference.flows([first_of_each(facts)]))


@given(histories())
@settings(max_examples=300, deadline=None)
def test_the_anomalies_that_stand_equal_the_reference(facts: list[Fact]) -> None:
    ledger = [entry for entry in grown(facts) if entry.book == anomalies.BOOK]
    assert netted(ledger) == Counter(entries_of_anomalies(reference.contradictions(first_of_each(facts))))
    assert not any(entry.flow_delta for entry in ledger)


@given(histories(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_no_order_of_arrival_changes_a_figure(facts: list[Fact], random: Random) -> None:
    once = first_of_each(facts)
    shuffled = once[:]
    random.shuffle(shuffled)
    assert [stock_of(grown(once), day) for day in DAYS] == [stock_of(grown(shuffled), day) for day in DAYS]
    assert flows_of(grown(once)) == flows_of(grown(shuffled))


@given(histories())
@settings(max_examples=200, deadline=None)
def test_a_person_is_in_at_most_one_place_at_every_instant(facts: list[Fact]) -> None:
    ledger = [entry for entry in grown(facts) if entry.book == "custody"]
    for instant in {entry.effective_ms for entry in ledger}:
        inside: Counter[str] = Counter()
        for entry in ledger:
            if entry.effective_ms <= instant:
                inside[entry.establishment] += entry.stock_delta
        assert set(inside.values()) <= {0, 1}
        assert sum(inside.values()) in (0, 1)


@pytest.mark.parametrize("lost", ["-1", "+1"])
def test_a_ledger_that_loses_an_entry_is_not_written(lost: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows are made it is asserted that a person is inside once or not at all."""

    def losing(before: list[Entry], after: list[Entry]) -> list[Entry]:
        return [entry for entry in difference(before, after) if f"{entry.stock_delta:+d}" != lost]

    told = [
        Fact(SOURCE, f"f{n}", kind, at_ms(day, hour), data)
        for n, (day, hour, kind, data) in enumerate((ADMITTED, RELEASED))
    ]
    assert History(told[:-1]).add(told[-1])
    monkeypatch.setattr(history, "difference", losing)
    with pytest.raises(AssertionError, match="inside once or not at all"):
        grown(told)


@given(histories(), st.integers(0, 6), st.integers(0, 6))
@settings(max_examples=200, deadline=None)
def test_closing_is_opening_plus_what_happened(facts: list[Fact], first: int, length: int) -> None:
    """In every cell: closing = opening + entries - exits + net transfers + reclassification + corrections."""
    ledger = [entry for entry in grown(facts) if entry.book == "custody"]
    start, end = FIRST_DAY + first, FIRST_DAY + first + length
    change: Counter[Cell] = Counter()
    for entry in ledger:
        if start < lima_day(entry.effective_ms) <= end:
            cell = Cell(entry.book, entry.establishment, entry.attributes, entry.detail)
            if entry.cause in FLOWS:
                incoming = entry.cause in ("admission", "recapture", "transfer_in")
                change[cell] += entry.flow_delta if incoming else -entry.flow_delta
            else:
                change[cell] += entry.stock_delta
    opening, closing = Counter(stock_of(ledger, start)), Counter(stock_of(ledger, end))
    opening.update(change)
    assert {cell: n for cell, n in opening.items() if n} == dict(closing)


@given(statements())
@settings(max_examples=200, deadline=None)
def test_reference_data_of_every_day_equal_the_reference(facts: list[Fact]) -> None:
    ledger = grown(facts)
    assert not any(entry.flow_delta for entry in ledger)
    for day in DAYS:
        total: Counter[Stated] = Counter()
        for entry in ledger:
            if lima_day(entry.effective_ms) <= day:
                total[Stated(entry.book, entry.establishment, entry.detail)] += entry.stock_delta
        assert {about: n for about, n in total.items() if n} == reference.stated(first_of_each(facts), day)
