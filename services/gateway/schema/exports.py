"""Files: ordering them, watching them being made, and where to fetch them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, get_args

import strawberry
from graphql import GraphQLError
from pydantic import ValidationError
from strawberry.scalars import JSON
from strawberry.tools import create_type

from services.gateway.handlers import explained
from services.gateway.schema import inputs
from services.gateway.schema.context import Information, told
from services.gateway.schema.figures import question_of
from services.gateway.schema.inputs import AsKnownAt, QuestionInput
from shared.contracts.export_jobs import Format, Job, Movements, Status
from shared.contracts.questions import Question, QuestionError

strawberry.enum(Format, name="ExportFormat", description="The kind of file.")
ExportStatus = StrEnum("ExportStatus", {name.upper(): name for name in get_args(Status)})  # type: ignore[misc]
strawberry.enum(
    ExportStatus, description="REFUSED lies in the order, FAILED does not; EXPIRED files can be ordered again."
)


@strawberry.input(description="Every entry of the ledger about people that takes effect in [from, to), without names.")
class MovementsInput:
    """See shared.contracts.export_jobs.Movements."""

    from_: date = strawberry.field(name="from")
    to: date
    establishments: list[str] = strawberry.field(default_factory=list, description="Only these; all if none is named.")
    as_known_at: AsKnownAt | None = None


@strawberry.input(one_of=True, description="What the file holds.")
class Content:
    """Either a table or movements."""

    question: QuestionInput | None = strawberry.field(
        default=strawberry.UNSET, description="A table, of any length: the limits of answers do not hold."
    )
    movements: MovementsInput | None = strawberry.UNSET


@strawberry.type(description="A file that can be fetched with the same token as figures.")
class ExportFile:
    """See shared.contracts.export_jobs.File."""

    name: str
    url: str = strawberry.field(description="Under the address of this gateway.")
    bytes: float
    sha256: str


@strawberry.type(description="A file that was ordered. The same order at the same position is the same export.")
class Export:
    """See shared.contracts.export_jobs.Job."""

    id: strawberry.ID
    status: ExportStatus
    progress: float = strawberry.field(description="From 0 to 1; 1 only when the file can be fetched.")
    rows: int
    estimate: int | None = strawberry.field(description="Rows counted before the first was written.")
    message: str = strawberry.field(description="Why it was refused or failed, or what happened on the way.")
    attempts: int
    files: list[ExportFile] = strawberry.field(description="The file, then its manifest.")
    ordered_at: datetime
    ended_at: datetime | None
    position: str
    order: JSON = strawberry.field(description="What was ordered, in its canonical form.")


FORMAT = Annotated[Format, strawberry.argument(description="CSV for programs, XLSX for people.")]


async def order_export(info: Information, content: Content, format: FORMAT) -> Export:  # noqa: A002 - its name outside
    """See Ordering.order."""
    with told():
        asked, known = _asked(info, content)
        return _export(await info.context.ordering.order(asked, format, inputs.known_at(known)))


async def export(info: Information, id: strawberry.ID) -> Export | None:  # noqa: A002 - its name outside
    """See Ordering.job."""
    with told():
        job = await info.context.ordering.job(id)
    return _export(job) if job else None


async def cancel_export(info: Information, id: strawberry.ID) -> Export:  # noqa: A002 - its name outside
    """See Ordering.cancel."""
    with told():
        job = await info.context.ordering.cancel(id)
    if job is None:
        raise GraphQLError("there is no such export: `orderExport` gives ids", extensions={"code": "UNKNOWN_EXPORT"})
    return _export(job)


def _asked(info: Information, content: Content) -> tuple[Question | Movements, AsKnownAt | None]:
    """What was ordered, and as known when. Raises QuestionError."""
    if content.question:
        return question_of(info, content.question), content.question.as_known_at
    said = content.movements
    assert said
    try:
        asked = Movements(from_day=said.from_, to_day=said.to, establishments=tuple(said.establishments))
    except ValidationError as error:
        raise QuestionError(f"movements: {explained(error)}") from None
    return asked, said.as_known_at


def _export(job: Job) -> Export:
    files = [
        ExportFile(name=one.name, url=f"/files/{job.id}/{one.name}", bytes=one.bytes, sha256=one.sha256)
        for one in job.files
    ]
    return Export(
        id=strawberry.ID(job.id),
        status=ExportStatus(job.status),
        progress=job.progress,
        rows=job.rows,
        estimate=job.estimate,
        message=job.message,
        attempts=job.attempts,
        files=files,
        ordered_at=job.ordered_at,
        ended_at=job.ended_at,
        position=job.order.position,
        order=JSON(job.order.model_dump(mode="json", exclude_none=True)),
    )


ExportsQuery = create_type(
    "ExportsQuery",
    [strawberry.field(export, description="An export as it stands; null if it is not known (any more).")],
)
ExportsMutation = create_type(
    "ExportsMutation",
    [
        strawberry.mutation(
            order_export, description="Order a file of a table or of movements; watch it with `export`, then fetch it."
        ),
        strawberry.mutation(cancel_export, description="Stop making a file; what has ended stays as it ended."),
    ],
)
