"""What became of what establishments sent. An establishment is told its own."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

import strawberry
from strawberry.tools import create_type

from services.gateway.callers import INPE, Role
from services.gateway.handlers import refuse_unknown_units
from services.gateway.schema.access import OpenTo
from services.gateway.schema.context import Information, told
from shared.contracts import receipts as contract
from shared.contracts.questions import QuestionError


@strawberry.type(description="How far the journal had come: records of the log beyond the position wait, none is lost.")
class Standing:
    """See shared.contracts.receipts.Standing."""

    position: str
    recorded_until: datetime | None
    missing: int = strawberry.field(description="Records before the position that the journal lacks: not 0 is a fault.")
    waiting: int | None = strawberry.field(
        description="Records of all sources that wait, ticks too; null if the log did not answer."
    )


@strawberry.type(description="Where a record stands in the log, and when it was recorded.")
class Place:
    """See shared.contracts.receipts.Place."""

    partition: int
    offset: float
    recorded_at: datetime


@strawberry.type(description="One record of a fact; field, code and expected are empty unless it was quarantined.")
class FateRecord(Place):
    """See shared.contracts.receipts.FateRecord."""

    source: str
    id: str
    outcome: str = strawberry.field(description="counted, duplicate, conflict (with other content) or quarantined")
    type: str
    field: str
    code: str
    expected: str


@strawberry.type(description="What became of an id.")
class Receipt:
    """See shared.contracts.receipts.FactFate."""

    id: str
    fate: str = strawberry.field(description="counted, quarantined, unknown or unknown_or_waiting")
    records: list[FateRecord]
    contradictions: list[str] = strawberry.field(
        description="Kinds of contradiction in which it stands, such as target_not_known of a void that found nothing "
        "to annul; `anomalies` says more."
    )
    standing: Standing


@strawberry.type(
    description="sent = counted + duplicate + quarantined + difference, by source and recorded day of Lima."
)
class DaySums:
    """See shared.contracts.receipts.DaySums."""

    day: date
    source: str
    sent: int = strawberry.field(
        description="Records of this source in the log; what was replayed or delivered twice is a record each time."
    )
    counted: int
    duplicate: int
    conflicting: int = strawberry.field(description="Of the duplicates, those with other content.")
    quarantined: int
    difference: int = strawberry.field(description="Not 0 is a fault.")


@strawberry.type(description="Closing sums.")
class Receipts:
    """See shared.contracts.receipts.Receipts."""

    days: list[DaySums]
    standing: Standing


@strawberry.type(
    description="A message in quarantine, and the counted record of the same source and id if there is one."
)
class Quarantined(FateRecord):
    """See shared.contracts.receipts.Quarantined."""

    resolved_by: Place | None


@strawberry.type(description="What was quarantined, oldest first.")
class Quarantine:
    """See shared.contracts.receipts.Quarantine."""

    messages: list[Quarantined]
    left_out: int = strawberry.field(description="How many more there are: ask for fewer days.")
    standing: Standing


FROM = Annotated[date, strawberry.argument(name="from", description="First recorded day, in Lima.")]
TO = Annotated[date, strawberry.argument(name="to", description="The day after the last.")]
SITE = Annotated[
    str | None,
    strawberry.argument(description="Whose facts: an establishment's own if left out, a statistician's all."),
]


async def receipt(info: Information, id: str, establishment: SITE = None) -> Receipt:  # noqa: A002 - its name outside
    """See ReceiptBook.fate."""
    with told():
        found = await info.context.receipts.fate(id, _whose(info, establishment))
    records = [FateRecord(**vars(record)) for record in found.records]
    return Receipt(
        id=found.id,
        fate=found.fate,
        records=records,
        contradictions=found.contradictions,
        standing=_standing(found.standing),
    )


async def receipts(info: Information, from_: FROM, to: TO, establishment: SITE = None) -> Receipts:
    """See ReceiptBook.sums."""
    with told():
        found = await info.context.receipts.sums(*_days(from_, to), _whose(info, establishment))
    return Receipts(days=[DaySums(**vars(day)) for day in found.days], standing=_standing(found.standing))


async def quarantine(info: Information, from_: FROM, to: TO, establishment: SITE = None) -> Quarantine:
    """See ReceiptBook.quarantine."""
    with told():
        found = await info.context.receipts.quarantine(*_days(from_, to), _whose(info, establishment))
    messages = [_quarantined(message) for message in found.messages]
    return Quarantine(messages=messages, left_out=found.left_out, standing=_standing(found.standing))


def _whose(info: Information, establishment: str | None) -> str | None:
    """Whose facts to tell of. Raises ForbiddenError or QuestionError."""
    if establishment != INPE:
        refuse_unknown_units((establishment,) if establishment else ())
    return info.context.caller.scope(establishment)


def _days(first: date, end: date) -> tuple[date, date]:
    if first >= end:
        raise QuestionError("from must be before to, which is not part of the period")
    return first, end


def _standing(of: contract.Standing) -> Standing:
    return Standing(**vars(of))


def _quarantined(of: contract.Quarantined) -> Quarantined:
    resolved_by = Place(**vars(of.resolved_by)) if of.resolved_by else None
    return Quarantined(**vars(of) | {"resolved_by": resolved_by})


_OWN = OpenTo(Role.ESTABLISHMENT, Role.STATISTICIAN)
ReceiptsQuery = create_type(
    "ReceiptsQuery",
    [
        strawberry.field(
            receipt, extensions=[_OWN], description="What became of an id: every record that bears it, with its reason."
        ),
        strawberry.field(
            receipts, extensions=[_OWN], description="Closing sums of a period [from, to) of recorded days."
        ),
        strawberry.field(
            quarantine, extensions=[_OWN], description="What was quarantined on these days, why, and what resolved it."
        ),
    ],
)
