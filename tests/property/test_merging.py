"""Merged persons: whatever is merged, voided, doubled or late, in any order of partitions, the ledger is the reference."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.contracts.topics import MERGED_PARTITION
from shared.domain import anomalies, reference
from shared.domain.facts import Fact, in_force
from shared.domain.ledger import entries_of_anomalies
from shared.domain.merging import persons
from shared.ports import Consumed
from tests.property.test_ledger import DAYS, netted
from tests.support.histories import INSTANTS, ORIGINALS, SOURCES
from tests.support.merged import ORDINARY, PERSONS, SmallCountry, double, ledger_of, told_in
from tests.support.sums import flows_of, stock_of

PARTITIONS = (*ORDINARY, MERGED_PARTITION)
Told = tuple[str, Fact]


@st.composite
def tellings(draw: st.DrawFn, max_size: int = 12) -> list[Told]:
    """Facts of several tokens in order of arrival: merged and parted again, doubled, corrected, one id under two."""
    told: list[Told] = []
    for number in range(draw(st.integers(2, max_size))):
        subject, chance = draw(st.sampled_from(PERSONS)), draw(st.integers(0, 9))
        if told and chance == 0:
            told.append(draw(st.sampled_from(told)))
            continue
        if told and chance == 1:  # what one token was told is told of another
            told.append((subject, draw(st.sampled_from(told))[1]))
            continue
        at_ms, source = draw(INSTANTS), draw(SOURCES)
        if chance <= 4:
            kind, data = "identity_merge", {"other": draw(st.sampled_from(PERSONS))}
        elif told and chance <= 6:
            subject, target = draw(st.sampled_from(told))
            kind, data = "void", {"target": {"source": target.source, "id": target.id}}
            if draw(st.integers(0, 2)) == 0:
                new_kind, new = draw(ORIGINALS)
                kind, data = "amendment", {**data, "replacement": {"kind": new_kind, "at_ms": at_ms, "data": new}}
        else:
            kind, data = draw(ORIGINALS)
        told.append((subject, Fact(source, f"f{number}", kind, at_ms, data)))
    return draw(st.permutations(told))


def played(told: list[Told], random: Random, *, cut: int | None = None) -> SmallCountry:
    """The country once all is told, with its partitions in any order, and in batches of any size or of this one."""
    country = SmallCountry()
    waiting = list(told)
    for _ in range(3 * len(told)):
        act = random.randrange(3)
        if act == 0 and waiting:
            country.tell(*waiting.pop(0))
        elif act == 1:
            country.consume(random.choice(PARTITIONS), cut or random.randint(1, 4))
            assert not double(all_rows(country))
        else:
            country.deliver(random.choice(ORDINARY))
    for one in waiting:
        country.tell(*one)
    country.finish()
    return country


def all_rows(country: SmallCountry) -> list[Consumed]:
    return [row for partition in PARTITIONS for row in country.rows(partition)]


def assert_equals_the_reference(country: SmallCountry) -> None:
    rows = all_rows(country)
    people = reference.persons(told_in(rows))
    ledger = [entry for _, entry in ledger_of(rows)]
    assert flows_of(ledger) == dict(reference.flows(people.values()))
    for day in DAYS:
        assert stock_of(ledger, day) == dict(reference.stock(people.values(), day))
    shown = [one for facts in people.values() for one in reference.contradictions(facts)]
    assert netted([one for one in ledger if one.book == anomalies.BOOK]) == Counter(entries_of_anomalies(shown))


@given(tellings(), st.randoms(use_true_random=False))
@settings(max_examples=300, deadline=None)
def test_the_ledger_of_all_partitions_equals_the_reference(told: list[Told], random: Random) -> None:
    """And on the way there nobody is double."""
    assert_equals_the_reference(played(told, random))


@given(tellings(), st.randoms(use_true_random=False))
@settings(max_examples=100, deadline=None)
def test_what_is_stated_of_each_person_stands_under_the_least_token(told: list[Told], random: Random) -> None:
    rows = all_rows(played(told, random))
    by_person: dict[str, list[object]] = {}
    for subject, entry in ledger_of(rows):
        by_person.setdefault(subject, []).append(entry)
    people = reference.persons(told_in(rows))
    for subject, entries in by_person.items():
        stands = stock_of(entries, DAYS[-1])  # type: ignore[arg-type]
        assert stands == dict(reference.stock([people.get(subject, [])], DAYS[-1]))


@given(tellings(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_entries_do_not_depend_on_how_batches_are_cut(told: list[Told], random: Random) -> None:
    country = played(told, random)
    for cut in (1, 2, 100):
        again = SmallCountry(country.publisher)
        for partition in PARTITIONS:
            while again.consume(partition, cut):
                continue
            assert again.rows(partition) == country.rows(partition)


@given(tellings(), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_a_history_is_retracted_where_it_was_when_it_is_named(told: list[Told], random: Random) -> None:
    """In an ordinary partition nothing is left of a token that any merge names, be it voided."""
    country = played(told, random)
    named: set[str] = set()
    for subject, facts in told_in(all_rows(country)).items():
        others = {fact.data["other"] for fact in facts if fact.kind == "identity_merge"}
        named |= others | ({subject} if others else set())
    left: Counter[str] = Counter()
    for partition in ORDINARY:
        for subject, entry in ledger_of(country.rows(partition)):
            left[subject] += entry.stock_delta
    assert not any(left[subject] for subject in named)


def test_a_merge_is_in_force_by_the_facts_of_its_own_token_alone() -> None:
    """A void under the other token does not part them, though it would meet its target in their common history."""
    merge = Fact("ep-001", "m", "identity_merge", 1, {"other": PERSONS[1]})
    void = Fact("ep-001", "v", "void", 2, {"target": {"source": "ep-001", "id": "m"}})
    assert len(in_force([merge, void])) == 0
    assert len(persons({PERSONS[0]: [merge], PERSONS[1]: [void]})) == 1
    assert len(persons({PERSONS[0]: [merge, void], PERSONS[1]: []})) == 2
