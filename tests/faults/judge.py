"""What must be known after a round, told by the door's rules and the pure domain alone, and how the journal differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Literal, NamedTuple

from deploy.demo.loading import Line
from services.ingest.screening import Refusal, Screen
from services.ingest.tokens import Tokeniser
from shared.adapters.clickhouse.client import Client
from shared.contracts.mapping import decode
from shared.domain.attributes import Attributes
from shared.domain.history import stated_of_person
from shared.domain.ledger import Entry
from shared.domain.reference import persons
from shared.ports import Outgoing
from shared.reference.catalogue import load
from tests.support.undisturbed import Told, rows

_LATER = datetime(2030, 1, 1, tzinfo=UTC)
Fate = Literal["accepted", "quarantined", "rejected"]
Identity = tuple[str, str]
"""Source and id."""
Cells = Counter[tuple[str, Entry]]
"""Sums by person (or establishment) and cell: an entry with only its stock or only its flow, whichever is summed."""


class Place(NamedTuple):
    """A partition of the journal: its fact rows, how many different offsets, the last number and the next offset."""

    rows: int
    offsets: int
    last_seq: int
    next_offset: int


class Found(NamedTuple):
    """What the journal holds: fact rows by source, id and outcome, the ledger's sums, and how each partition stands."""

    fates: Mapping[Identity, Counter[str]]
    cells: Cells
    places: Mapping[int, Place]


@dataclass
class Verdict:
    """How the journal differs from what it must be."""

    wrong: list[str] = field(default_factory=list)
    lost: list[Identity] = field(default_factory=list)
    doubled: list[Identity] = field(default_factory=list)

    @property
    def well(self) -> bool:
        """Whether nothing differs."""
        return not (self.wrong or self.lost or self.doubled)


class Expected:
    """Everything that was ever sent and its fate is known, whatever happened meanwhile."""

    def __init__(self, token_key: str) -> None:
        self._screen = Screen(load(), Tokeniser(bytes.fromhex(token_key)))
        self._told: Told = {}
        self._first: dict[Identity, bytes] = {}
        self._conflicting: set[Identity] = set()
        self._quarantined: set[Identity] = set()
        self._merged: set[str] = set()
        self._cells: dict[str, Cells] = {}
        self._screened = cache(self._screen_line)

    def _screen_line(self, speaker: str, line: bytes) -> Outgoing | Refusal:
        return self._screen.screen(line, speaker, _LATER)

    def fate(self, speaker: str, line: bytes) -> Fate:
        """What the door must say of this line."""
        screened = self._screened(speaker, line)
        return "accepted" if isinstance(screened, Outgoing) else screened.outcome

    def take(self, lines: Iterable[Line]) -> None:
        """These lines were sent until their fate was known; of two with one identity the first holds."""
        for speaker, line in lines:
            screened = self._screened(speaker, line)
            record = screened if isinstance(screened, Outgoing) else screened.record
            if record:
                self._take(record)

    def _take(self, record: Outgoing) -> None:
        message = decode(record.value)
        identity = (message.source, message.id)
        if message.fact is None:
            self._quarantined.add(identity)
        elif self._first.setdefault(identity, record.value) != record.value:
            self._conflicting.add(identity)
        elif message.fact not in self._told.setdefault(message.subject, []):
            self._told[message.subject].append(message.fact)
            if message.fact.kind == "identity_merge":
                self._merged |= {message.subject, message.fact.data["other"]}
            self._cells.pop(message.subject, None)

    @property
    def facts(self) -> int:
        """How many facts must be counted."""
        return len(self._first)

    def cells(self) -> Cells:
        """The ledger's sums: each person's facts folded once, all together; tokens that merges connect are one person."""
        merged = {token: self._told.get(token, []) for token in self._merged}
        for subject in self._told.keys() - self._cells.keys() - merged.keys():
            self._cells[subject] = summed((subject, row.entry) for row in rows({subject: self._told[subject]}))
        together: Cells = Counter()
        for subject, cells in self._cells.items():
            if subject not in merged:
                together.update(cells)
        for person, facts in persons(merged).items():
            together.update(summed((person, entry) for entry in stated_of_person(facts)))
        return together

    def compare(self, found: Found) -> Verdict:
        """What differs."""
        verdict = Verdict()
        for identity in self._first:
            self._judge(identity, found.fates.get(identity, Counter()), verdict)
        for identity in self._quarantined:
            if found.fates.get(identity, Counter()).keys() != {"quarantined"}:
                verdict.wrong.append(f"{identity} must be quarantined and is {found.fates.get(identity)}")
        strangers = found.fates.keys() - self._first.keys() - self._quarantined
        verdict.wrong += [f"{identity} was never said" for identity in sorted(strangers)]
        verdict.wrong += _differences(self.cells(), found.cells)
        verdict.wrong += [
            f"partition {number} is not contiguous: {place}"
            for number, place in found.places.items()
            if len(set(place)) > 1
        ]
        return verdict

    def _judge(self, identity: Identity, fates: Counter[str], verdict: Verdict) -> None:
        if fates["counted"] == 0:
            verdict.lost.append(identity)
        elif fates["counted"] > 1:
            verdict.doubled.append(identity)
        further = fates.keys() - {"counted"}
        conflicting = identity in self._conflicting
        if further - {"duplicate", "conflict"} or ("conflict" in further) != conflicting:
            verdict.wrong.append(f"{identity} must {'' if conflicting else 'not '}conflict and is {dict(fates)}")


def summed(entries: Iterable[tuple[str, Entry]]) -> Cells:
    """The sums of these entries; a cell that comes to nothing is left out."""
    cells: Cells = Counter()
    for subject, entry in entries:
        cells[subject, entry._replace(stock_delta=1, flow_delta=0)] += entry.stock_delta
        cells[subject, entry._replace(stock_delta=0, flow_delta=1)] += entry.flow_delta
    return Counter({cell: amount for cell, amount in cells.items() if amount})


def _differences(should: Cells, found: Cells) -> list[str]:
    differing = sorted(cell for cell in should.keys() | found.keys() if should[cell] != found[cell])
    return [f"{cell} is {found[cell]} and must be {should[cell]}" for cell in differing]


_FATES = """
SELECT source, fact_id, outcome, count() FROM {journal:Identifier}
WHERE line = 0 AND partition <> 8 AND outcome NOT IN ('tick', 'copied', 'repeated') GROUP BY source, fact_id, outcome
"""
_CELL = (
    *("subject", "book", "cause", "toUnixTimestamp64Milli(effective_at)", "establishment", "counterparty"),
    *Attributes._fields,
    *("liberty_type", "motive", "detail"),
)
_CELLS = f"""
SELECT {", ".join(_CELL)}, sum(stock_delta), sum(flow_delta) FROM {{journal:Identifier}} WHERE line > 0 GROUP BY ALL
"""
_PLACES = """
SELECT partition, count(), uniqExact(offset), max(seq), max(offset) + 1 FROM {journal:Identifier}
WHERE line = 0 GROUP BY partition
"""


def read(client: Client, journal: str) -> Found:
    """What this journal holds now."""
    fates: dict[Identity, Counter[str]] = {}
    named = {"journal": journal}
    for source, fact_id, outcome, count in client.query(_FATES, named).result_rows:
        fates.setdefault((source, fact_id), Counter())[outcome] += count
    cells = summed(map(_entry, client.query(_CELLS, named).result_rows))
    places = {number: Place(*place) for number, *place in client.query(_PLACES, named).result_rows}
    return Found(fates, cells, places)


def _entry(row: tuple[object, ...]) -> tuple[str, Entry]:
    subject, book, cause, at_ms, establishment, counterparty, *more = row
    attributes, said, (stock, flow) = more[:-5], more[-5:-2], more[-2:]
    return str(subject), Entry(  # type: ignore[arg-type]  # in the order of the columns above
        book, cause, at_ms, establishment, counterparty, stock, flow, Attributes(*attributes), *said
    )
