"""Whatever is told, and at every instant: the entries of each partition are what its facts make, and no others would do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from random import Random

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.contracts.topics import MERGED_PARTITION
from shared.domain.facts import Fact
from shared.domain.history import History, stated
from shared.domain.ledger import Entry
from shared.domain.refolding import Held, is_as_folded, merged_as_folded
from shared.ports import Consumed
from tests.property.test_merging import PARTITIONS, Told, tellings
from tests.support.histories import statements
from tests.support.merged import ORDINARY, SmallCountry, ledger_of


def held_in(rows: Iterable[Consumed]) -> list[Held]:
    """What a partition holds of each subject, as an adapter would read it."""
    facts, entries = defaultdict[str, list[Fact]](list), defaultdict[str, list[Entry]](list)
    for row in rows:
        if row.message.fact and row.outcome in ("counted", "copied"):
            facts[row.message.subject].append(row.message.fact)
        for subject, entry in ledger_of([row]):
            entries[subject].append(entry)
    return [Held(subject, facts[subject], entries[subject]) for subject in {*facts, *entries}]


def not_as_folded(partition: int, held: Sequence[Held]) -> list[str]:
    if partition == MERGED_PARTITION:
        return [one.subject for one, holds in merged_as_folded(held) if not holds]
    return [one.subject for one in held if not is_as_folded(one)]


def wrong_in(country: SmallCountry) -> list[str]:
    return [token for one in PARTITIONS for token in not_as_folded(one, held_in(country.rows(one)))]


def acts(country: SmallCountry, told: list[Told], random: Random) -> Iterable[None]:
    """Tell, count and deliver in any order, with a stop after each."""
    for one in told:
        country.tell(*one)
        for _ in range(random.randrange(4)):
            if random.randrange(3):
                country.consume(random.choice(PARTITIONS), random.randint(1, 4))
            else:
                country.deliver(random.choice(ORDINARY))
            yield
    country.finish()
    yield


@given(tellings(), st.randoms(use_true_random=False))
@settings(max_examples=200, deadline=None)
def test_it_holds_at_every_instant_also_while_persons_are_on_their_way(told: list[Told], random: Random) -> None:
    country = SmallCountry()
    for _ in acts(country, told, random):
        assert not wrong_in(country)


@given(
    tellings(), st.randoms(use_true_random=False), st.sampled_from(("missing", "double", "flow", "schooling", "later"))
)
@settings(max_examples=200, deadline=None)
def test_any_entry_changed_is_found_under_its_token(told: list[Told], random: Random, how: str) -> None:
    country = SmallCountry()
    for _ in acts(country, told, random):
        continue
    partition = random.choice(PARTITIONS)
    held = held_in(country.rows(partition))
    candidates = sorted((one for one in held if one.entries), key=lambda one: one.subject)
    assume(candidates)
    one = random.choice(candidates)
    changed = one._replace(entries=spoilt(one.entries, random.randrange(len(one.entries)), how))
    assert not_as_folded(partition, [other if other is not one else changed for other in held]) == [one.subject]


def spoilt(entries: Sequence[Entry], number: int, how: str) -> list[Entry]:
    entry = entries[number]
    instead = {
        "missing": [],
        "double": [entry, entry],
        "flow": [entry._replace(flow_delta=entry.flow_delta + 1)],
        "schooling": [entry._replace(attributes=entry.attributes._replace(schooling="otra"))],
        "later": [entry._replace(effective_ms=entry.effective_ms + 1)],
    }
    return [*entries[:number], *instead[how], *entries[number + 1 :]]


@given(statements())
def test_it_holds_for_what_is_said_of_establishments(facts: list[Fact]) -> None:
    history = History(())
    counted, made = list[Fact](), list[Entry]()
    for fact in facts:
        if history.twin(fact) is None:
            made += history.add(fact)
            counted.append(fact)
    assert is_as_folded(Held("ep-001", counted, made))
    assert is_as_folded(Held("ep-001", counted, [])) == (not stated(counted))
