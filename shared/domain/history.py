"""The counted facts of one subject, and what one more of them changes in the ledger.

By definition the change is `difference(stated(before), stated(after))`. A fact that is told last, as most
are, only continues the timeline, and only spells that last can change: then it is enough to compare those. The state
lives as long as a batch and is begun anew from the facts; a property test holds the short way against the definition.

Once a merge names the subject it has moved to the merged persons: nothing is stated here any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from shared.domain.anomalies import of_corrections
from shared.domain.custody import Timeline, fold, fold_told, tell
from shared.domain.establishments import REFERENCE_KINDS, entries_of_reference
from shared.domain.facts import NAMING, Fact, in_force, order
from shared.domain.ledger import Entry, difference, entries, entries_of_anomalies

_CORRECTIONS = frozenset({"amendment", "void"})


class History:
    """What is known of one subject. Begun from its counted facts in any order, grown by one fact at a time."""

    __slots__ = ("_facts", "_inside", "_known", "_last", "_timeline", "folded", "moved")

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.folded = 0
        """How many facts were folded so far, again and again: what this subject has cost."""
        self._facts = list(facts)
        self._known = {(fact.source, fact.id): fact for fact in self._facts}
        self.moved = has_moved(self._facts)
        self._begin()
        self._inside = int(self._is_inside())

    def _begin(self) -> None:
        """The timeline of all facts, and the fact told last; no timeline where facts are not about a person."""
        about_person = not self._facts or self._facts[0].kind not in REFERENCE_KINDS
        self.folded += len(self._facts)
        told = [] if self.moved else in_force(self._facts)
        self._timeline = fold_told(told) if about_person else None
        self._last = told[-1] if told else None

    def twin(self, fact: Fact) -> Fact | None:
        """The counted fact of the same source and id, if there is one."""
        return self._known.get((fact.source, fact.id))

    def add(self, fact: Fact) -> list[Entry]:
        """Take one more fact, unknown so far, and return the entries that it causes."""
        self.moved = self.moved or fact.kind in NAMING
        made = self._continued(fact) if self._is_told_last(fact) else self._told_anew(fact)
        self._known[fact.source, fact.id] = fact
        self._inside += sum(entry.stock_delta for entry in made if entry.book == "custody")
        assert self._inside == self._is_inside(), "in the ledger a person is inside once or not at all"
        return made

    def _is_inside(self) -> bool:
        return self._timeline is not None and self._timeline.custody is not None

    def _is_told_last(self, fact: Fact) -> bool:
        """Whether the fact comes after all others and neither corrects one nor may be waited for by a correction."""
        return (
            not self.moved
            and fact.kind not in _CORRECTIONS
            and fact.kind not in REFERENCE_KINDS
            and (self._last is None or order(fact) > order(self._last))
            and not any(known.kind in _CORRECTIONS for known in self._facts)
        )

    def _continued(self, fact: Fact) -> list[Entry]:
        timeline = self._timeline
        assert timeline is not None, "facts about establishments and about persons never share a subject"
        opened, noted = len(timeline.spells), len(timeline.anomalies)
        lasting = [spell for spell in timeline.spells if spell.closed_ms is None]
        before = entries(lasting)
        tell(timeline, fact)
        self._facts.append(fact)
        self._last = fact
        made = difference(before, entries([*lasting, *timeline.spells[opened:]]))
        return [*made, *entries_of_anomalies(timeline.anomalies[noted:])]

    def _told_anew(self, fact: Fact) -> list[Entry]:
        before = self._stated()
        self._facts.append(fact)
        self._begin()
        return difference(before, self._stated())

    def _stated(self) -> list[Entry]:
        if has_moved(self._facts):
            return []
        return entries_of_reference(self._facts) if self._timeline is None else _of_person(self._timeline, self._facts)


def stated(facts: Sequence[Fact]) -> list[Entry]:
    """What the ledger says in sum once these counted facts of one subject are known: the definition, in one go."""
    if has_moved(facts):
        return []
    about_person = not facts or facts[0].kind not in REFERENCE_KINDS
    return stated_of_person(facts) if about_person else entries_of_reference(facts)


def stated_of_person(facts: Sequence[Fact]) -> list[Entry]:
    """The same of somebody who is counted here, whatever merges name."""
    return _of_person(fold(facts), facts)


def has_moved(facts: Iterable[Fact]) -> bool:
    """Whether a merge names the subject, be it in force or not: then it counts among the merged persons for ever."""
    return any(fact.kind in NAMING for fact in facts)


def _of_person(timeline: Timeline, facts: Sequence[Fact]) -> list[Entry]:
    anomalies = [*timeline.anomalies, *of_corrections(facts)]
    return [*entries(timeline.spells), *entries_of_anomalies(anomalies)]
