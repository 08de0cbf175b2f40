"""What the journal answers about contradictions and headcounts, as the contract says it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from shared.contracts.anomalies import AnomalyState, FactName, StatedAnomaly
from shared.contracts.headcounts import Explanation, Headcount
from shared.contracts.mapping import AGGREGATORS
from shared.domain.anomalies import SHARED_IDENTITY
from shared.domain.headcounts import Persons, compare

STANDING = {AnomalyState.OPEN: [1], AnomalyState.RESOLVED: [0], AnomalyState.ANY: [0, 1]}
"""In how many lines, all in all, a contradiction of this state stands in the ledger."""


FactRow = tuple[int, int]
"""Where a fact stands in the log: partition and offset."""


def rows_named_in(page: Iterable[list[Any]]) -> set[FactRow]:
    """The rows that tell of facts in a page of `anomalies.sql`."""
    return {(partition, offset) for said in page for partition, offset in said[-2:] if (partition, offset) != (0, 0)}


def original_of(name: FactName) -> FactRow | None:
    """The row that aggregators told each other of by this fact; None if it is anybody else's."""
    if name.source != AGGREGATORS:
        return None
    partition, offset = name.id.split(":")
    return int(partition), int(offset)


def anomaly_of(said: list[Any], names: Mapping[FactRow, FactName]) -> StatedAnomaly:
    """A row of `anomalies.sql`, with what the facts in the rows that it names are called."""
    detail, establishment, other, since, noticed, stands, resolved, shown_at, resolved_at = said
    kind, *name = detail.split("|", 2)
    return StatedAnomaly(
        kind,
        FactName(*name) if name else names[tuple(shown_at)],
        (establishment, other) if other not in ("", establishment) else (establishment,),
        moment_of(since),
        moment_of(noticed),
        None if stands else moment_of(resolved),
        None if stands else names[tuple(resolved_at)],
    )


def explanation_of(said: list[Any], names: Mapping[FactRow, FactName]) -> Explanation:
    """A row of `headcount_explanations.sql`, with what the facts in the rows that it names are called."""
    kind, detail, (partition, offset), at_ms, recorded_ms = said
    name = FactName(*detail.split("|", 2)[1:]) if kind == "anomaly" else names[partition, offset]
    return Explanation(kind, name, moment_of(at_ms), moment_of(recorded_ms))


def shared_identity_of(said: list[Any]) -> StatedAnomaly:
    """A row of `shared_identities.sql`: it concerns the source alone."""
    source, fact_id, fact_type, since, noticed, stands, resolved, by_source, by_id = said
    return StatedAnomaly(
        SHARED_IDENTITY,
        FactName(source, fact_id, fact_type),
        (source,),
        moment_of(since),
        moment_of(noticed),
        None if stands else moment_of(resolved),
        None if stands else FactName(by_source, by_id, "siep.void.v1"),
    )


def headcounts_of(signed: list[Any], counted: list[Any], rolls: list[Any]) -> tuple[Headcount, ...]:
    """The three lists of `headcounts.sql`, put together by count."""
    counts: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    standing: dict[str, dict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for fact, place, sex, persons in counted:
        counts[fact][sex][place] = persons
    for fact, book, sex, persons in rolls:
        standing[fact][sex][book] = persons
    found = []
    for establishment, at_ms, fact, signed_by in signed:
        source, fact_id = fact.split("|", 1)
        lines = compare(
            {sex: Persons(**places) for sex, places in counts[fact].items()},
            {sex: _on_the_roll(books) for sex, books in standing[fact].items()},
        )
        name = FactName(source, fact_id, "siep.headcount.v1")
        found.append(Headcount(establishment, moment_of(at_ms), at_ms, name, signed_by, lines))
    return tuple(found)


def _on_the_roll(books: dict[str, int]) -> Persons:
    """Custody holds everybody; of which in transit and absent."""
    absent, in_transit = books.get("absence", 0), books.get("transit", 0)
    return Persons(books.get("custody", 0) - absent - in_transit, absent, in_transit)


def moment_of(milliseconds: int) -> str:
    """ISO in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")
