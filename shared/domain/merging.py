"""Merged persons: several tokens that are one person, folded as one. Pure.

A token that any merge names, live or voided, has moved for ever to the partition of merged persons. What aggregators
tell each other about it are facts too: `moved` carries facts of a token, `merge_notice` says that another token's merge
names this one. Persons are what the merges in force connect: direction, cycles, chains and doubles need no rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from shared.domain.facts import Fact, in_force
from shared.domain.history import stated_of_person
from shared.domain.ledger import Entry

MOVED = "moved"
NOTICE = "merge_notice"
TOLD_BY_AGGREGATORS = frozenset({MOVED, NOTICE})
"""Their time is when the row they come from was recorded: what follows from it is not recorded earlier."""

Remembered = Callable[[str], Sequence[Fact]]
"""What the partition of merged persons remembers under a token: what was moved, and who names it."""


def remembered(subject: str, fact: Fact) -> list[tuple[str, Fact]]:
    """Under which tokens a fact is remembered, and as what: what is moved also under each token that it names."""
    if fact.kind != MOVED:
        return [(subject, fact)]
    names = sorted(_named_by([fact]) - {subject})
    return [(subject, fact), *((other, fact._replace(kind=NOTICE, data={"other": subject})) for other in names)]


def connected(tokens: Iterable[str], facts_of: Remembered) -> set[str]:
    """These tokens and all that any merge ever named connects with them, in force or not."""
    return reached(tokens, lambda token: neighbours(facts_of(token)))


def reached(tokens: Iterable[str], next_to: Callable[[str], Iterable[str]]) -> set[str]:
    """These tokens and all that lies next to one of them, or next to one of those, and so on."""
    found, waiting = set[str](), list(tokens)
    while waiting:
        token = waiting.pop()
        if token not in found:
            found.add(token)
            waiting += next_to(token)
    return found


def neighbours(facts: Sequence[Fact]) -> set[str]:
    """The tokens that what is remembered under one token names, and those whose merges name it."""
    return _named_by(facts) | {fact.data["other"] for fact in facts if fact.kind == NOTICE}


def statements(tokens: Iterable[str], facts_of: Remembered) -> dict[str, list[Entry]]:
    """What the ledger says in sum about the persons that these tokens are, by the least token of each.

    Nothing is said of a person as long as one of its tokens has not moved: that one still counts where it was.
    """
    facts = {token: _carried(facts_of(token)) for token in sorted(tokens) if _has_moved(facts_of(token))}
    said = {}
    for person in persons({token: facts.get(token, []) for token in tokens}):
        if all(token in facts for token in person):
            said[person[0]] = stated_of_person(facts_of_person(facts[token] for token in person))
    return said


def persons(facts: Mapping[str, Sequence[Fact]]) -> list[list[str]]:
    """The tokens of each person, in order: what merges in force connect.

    Whether a merge is in force is decided by the facts under its own token alone.
    """
    person_of = {token: [token] for token in sorted(facts)}
    for token in sorted(facts):
        for fact in in_force(facts[token]):
            if fact.kind == "identity_merge":
                other = person_of.setdefault(fact.data["other"], [fact.data["other"]])
                _join(person_of, person_of[token], other)
    return [sorted(tokens) for token, tokens in person_of.items() if token == min(tokens)]


def _join(person_of: dict[str, list[str]], one: list[str], other: list[str]) -> None:
    if one is not other:
        one += other
        person_of.update(dict.fromkeys(other, one))


def facts_of_person(by_token: Iterable[Sequence[Fact]]) -> list[Fact]:
    """The facts of one person, given those of its tokens in order: of a (source, id) the least token's holds."""
    holding: dict[tuple[str, str], Fact] = {}
    for facts in by_token:
        for fact in facts:
            holding.setdefault((fact.source, fact.id), fact)
    return list(holding.values())


def _has_moved(facts: Sequence[Fact]) -> bool:
    return any(fact.kind == MOVED for fact in facts)


def _carried(facts: Iterable[Fact]) -> list[Fact]:
    return [Fact(*told) for fact in facts if fact.kind == MOVED for told in fact.data["facts"]]


def _named_by(facts: Iterable[Fact]) -> set[str]:
    return {fact.data["other"] for fact in _carried(facts) if fact.kind == "identity_merge"}
