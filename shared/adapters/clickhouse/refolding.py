"""A sample of subjects folded again, out of what the journal holds: see shared.domain.refolding."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from shared.contracts.mapping import UndecodableError, decode
from shared.contracts.topics import MERGED_PARTITION
from shared.domain.attributes import Attributes
from shared.domain.facts import Fact
from shared.domain.laws import Verdict
from shared.domain.ledger import Entry
from shared.domain.merging import reached
from shared.domain.refolding import Held, is_as_folded, merged_as_folded

LAW = "persons_are_as_folded"
FOLDED_AT_A_TIME = 50
"""Some 5 ms of work: then others have their turn."""


def to_fetch(merges: Iterable[tuple[str, str, bool]]) -> list[str]:
    """The tokens that merges connect, one after the other, with one that was drawn."""
    next_to = defaultdict[str, set[str]](set)
    drawn = set()
    for one, other, is_drawn in merges:
        next_to[one].add(other)
        next_to[other].add(one)
        drawn |= {one} if is_drawn else set()
    return sorted(reached(drawn, next_to.__getitem__))


async def verdict(lines: Iterable[bytes]) -> Verdict:
    """Whether these lines of `held.sql` are as folded, in pieces: what waits meanwhile does not wait for all."""
    wrong = []
    for number, (where, holds) in enumerate(_folded(lines)):
        if number % FOLDED_AT_A_TIME == 0:
            await asyncio.sleep(0)
        if not holds:
            wrong.append(where)
    return Verdict(LAW, len(wrong), "partition {} offset {}".format(*min(wrong)) if wrong else "")


def _folded(lines: Iterable[bytes]) -> Iterator[tuple[tuple[int, int], bool]]:
    """Where the last row of each lies (partition and offset), and whether the law holds for it."""
    merged, last_of = [], {}
    for line in lines:
        partition, subject, last, facts, entries = orjson.loads(line)
        held = Held(subject, [fact for _, text in facts for fact in _told(text)], list(map(_entry, entries)))
        if partition == MERGED_PARTITION:
            merged.append(held)
            last_of[subject] = last
        else:
            yield (partition, last), is_as_folded(held)
    for held, holds in merged_as_folded(merged):
        yield (MERGED_PARTITION, last_of[held.subject]), holds


def _told(payload: str) -> Iterator[Fact]:
    """The fact of a message. One that cannot be read makes none: then its entries are without a cause."""
    try:
        fact = decode(payload.encode()).fact
    except UndecodableError:
        return
    if fact is not None:
        yield fact


def _entry(said: list[Any]) -> Entry:
    return Entry._make([*said[:7], Attributes(*said[7]), *said[8:]])
