"""What became of what an establishment sent: the fate of an id, sums that close, and what is in quarantine.

Everything is told as the journal stood at one position of the log. What the log holds beyond it is not lost: it waits.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MAX_QUARANTINED = 1_000
"""Messages that one answer lists."""
Fate = Literal["counted", "quarantined", "unknown", "unknown_or_waiting"]
RecordOutcome = Literal["counted", "duplicate", "conflict", "quarantined"]


class _Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Standing(_Told):
    """How far the journal had come when it was asked."""

    position: Annotated[str, Field(description="p1.<ledger version>.<next offset of each partition of the log>")]
    recorded_until: Annotated[datetime | None, Field(description="the last moment recorded so far")]
    missing: Annotated[
        int, Field(description="records of the log before the position less those in the journal: not 0 is a fault")
    ]
    waiting: Annotated[
        int | None,
        Field(description="records of all sources that the log holds beyond it, ticks too; null: it did not answer"),
    ]


class Place(_Told):
    """Where a record stands in the log, and when it was recorded."""

    partition: int
    offset: int
    recorded_at: datetime


class FateRecord(Place):
    """One record of a fact. `field`, `code`, `expected` say what was wrong with a quarantined one, else are empty."""

    source: str
    id: str
    outcome: Annotated[RecordOutcome, Field(description="a conflict is a duplicate with other content")]
    type: Annotated[str, Field(description="of the fact; empty if a quarantined one named no type of the contract")]
    field: str
    code: str
    expected: str


class FactFate(_Told):
    """What became of an id: of every record that bears it, oldest first."""

    id: str
    fate: Annotated[
        Fate,
        Field(
            description="counted if any record was; unknown: the log has none, send it; unknown_or_waiting: none was "
            "consumed so far, but one of those that wait in the log may be it. Sending again is safe"
        ),
    ]
    records: list[FateRecord]
    contradictions: Annotated[
        list[str],
        Field(
            description="kinds of contradiction in which it stands, such as target_not_known of a void that found "
            "nothing to annul: it is counted, and what it changed may be nothing; GraphQL `anomalies` says more"
        ),
    ]
    standing: Standing

    @classmethod
    def told(cls, fact_id: str, records: list[FateRecord], contradictions: list[str], standing: Standing) -> FactFate:
        """The fate that follows from these records."""
        outcomes = {record.outcome for record in records}
        fate: Fate = "counted" if outcomes - {"quarantined"} else "quarantined"
        if not records:
            fate = "unknown" if standing.waiting == 0 else "unknown_or_waiting"
        return cls(id=fact_id, fate=fate, records=records, contradictions=contradictions, standing=standing)


class DaySums(_Told):
    """What came of what one source sent, by the day in Lima on which it was recorded."""

    day: date
    source: str
    sent: Annotated[
        int,
        Field(
            description="records of this source in the log: what ingest accepted or quarantined. What was replayed, or "
            "taken twice because Kafka delivered it twice, is a record each time"
        ),
    ]
    counted: int
    duplicate: Annotated[int, Field(description="known already, with the same or with other content")]
    conflicting: Annotated[int, Field(description="of the duplicates, those with other content")]
    quarantined: int
    difference: Annotated[int, Field(description="sent - counted - duplicate - quarantined; not 0 is a fault")]


class Receipts(_Told):
    """The closing sums of a period [from, to) of recorded days."""

    days: list[DaySums]
    standing: Standing


class Quarantined(FateRecord):
    """A message in quarantine; `resolved_by` is the counted record of the same source and id, if there is one."""

    resolved_by: Place | None


class Quarantine(_Told):
    """What was quarantined on the days of a period [from, to), oldest first."""

    messages: Annotated[list[Quarantined], Field(max_length=MAX_QUARANTINED)]
    left_out: Annotated[int, Field(description=f"how many more than {MAX_QUARANTINED} there are: ask for fewer days")]
    standing: Standing
