"""Orders of files and the jobs that make them: what the gateway orders, the worker makes and both can watch.

A job is named by its order, so the same order is the same job; the order pins the position of the log that it is
answered from, so its file can be made again. A job changes only by the functions of `Job`, each from a given moment on.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Annotated, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from shared.contracts.questions import LogPosition, Question
from shared.domain.dimensions import DIMENSIONS
from shared.domain.measures import MEASURES

MANIFEST = "manifest.json"
"""The file that stands beside every other and says what that one rests on."""
LAYOUT = 1
"""Version of how files are written: another layout of the same order is another file."""
MAX_ATTEMPTS = 3
LEASE = timedelta(seconds=10)
"""A worker that was not heard of for so long is lost. It speaks once a second."""
SEND_AGAIN = timedelta(seconds=5)
"""When to look whether a message that was sent to the queue is still there."""
PAUSE = timedelta(seconds=10)
"""Before the next attempt after one that failed; the second pause is twice as long."""
REMEMBERED = timedelta(days=90)
"""For so long one can see what became of a job that has no file (any more)."""


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Format(StrEnum):
    """The kind of file."""

    CSV = "csv"
    XLSX = "xlsx"


class Movements(_Model):
    """Every entry of the ledger about people that takes effect in [from_day, to_day), days of Lima.

    Entries of book `health` are left out, and who is meant is never told. No establishment named means all.
    """

    from_day: date
    to_day: date
    establishments: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=500)] = ()

    @field_validator("establishments")
    @classmethod
    def _as_a_set(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(sorted(set(codes)))

    @model_validator(mode="after")
    def _is_a_period(self) -> Movements:
        if self.from_day >= self.to_day:
            raise ValueError("from must be before to, which is not part of the period")
        return self


class Order(_Model):
    """One file: a question or the movements of a period, answered as known before `position`."""

    question: Question | None = None
    movements: Movements | None = None
    format: Format
    position: str
    definitions: str
    catalogue: str
    layout: int = LAYOUT

    @field_validator("position")
    @classmethod
    def _is_position(cls, text: str) -> str:
        return str(LogPosition.parse(text))

    @model_validator(mode="after")
    def _one_of(self) -> Order:
        if (self.question is None) == (self.movements is None):
            raise ValueError("order either a question or movements")
        return self

    def key(self) -> str:
        """The name of the job: SHA-256 hex of the canonical JSON of the order."""
        said = self.model_dump(mode="json", exclude_none=True)
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


@cache
def definitions_version() -> str:
    """The first 12 digits of the SHA-256 of every declared measure and dimension."""
    said = (
        {name: asdict(spec) for name, spec in MEASURES.items()},
        {
            name: {**asdict(spec.label), "description": spec.description, "members": list(spec.members)}
            for name, spec in DIMENSIONS.items()
        },
    )
    text = orjson.dumps(said, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=sorted)
    return hashlib.sha256(text).hexdigest()[:12]


class File(_Model):
    """A file that can be fetched, by its name under its job."""

    name: str
    bytes: int
    sha256: str


Status = Literal["queued", "running", "done", "refused", "failed", "cancelled", "expired"]


class Job(_Model):
    """An order and what became of it. `estimate` is the number of rows that was counted before the first was written.

    `due_at` is when the sweeper must look at it again; `owner` holds it until `due_at` while it runs.
    """

    order: Order
    status: Status = "queued"
    rows: int = 0
    estimate: int | None = None
    message: str = ""
    files: tuple[File, ...] = ()
    attempts: int = 0
    sent: int = 0
    owner: str = ""
    ordered_at: datetime
    ended_at: datetime | None = None
    due_at: datetime

    @classmethod
    def ordered(cls, order: Order, now: datetime, before: Job | None) -> Job:
        """The job of this order: one that waits, runs or is done as it is; one that ended otherwise begins anew."""
        if before is not None and before.status in {"queued", "running", "done"}:
            return before
        return cls(order=order, ordered_at=now, due_at=now)

    @property
    def id(self) -> str:
        """The name of the job."""
        return self.order.key()

    @property
    def progress(self) -> float:
        """From 0 to 1; 1 only when the file can be fetched."""
        if self.status == "done":
            return 1.0
        return min(self.rows / self.estimate, 0.99) if self.estimate else 0.0

    def taken(self, owner: str, now: datetime) -> Job:
        """Held by this owner, if nobody holds it; else as it was, in the hands of another or of nobody."""
        lost = self.status == "running" and self.due_at <= now
        if self.status != "queued" and not lost:
            return self
        if self.attempts >= MAX_ATTEMPTS:
            return self._given_up(self.message, now)
        return self._with(
            status="running", owner=owner, attempts=self.attempts + 1, rows=0, estimate=None, due_at=now + LEASE
        )

    def held_by(self, owner: str) -> bool:
        """Whether this owner may go on; one that lost its lease to nobody may."""
        return self.status == "running" and self.owner == owner

    def heard(self, rows: int, estimate: int | None, now: datetime) -> Job:
        """Its worker lives and came so far."""
        return self._with(rows=rows, estimate=estimate, due_at=now + LEASE)

    def done(self, rows: int, files: tuple[File, ...], now: datetime, keep: timedelta) -> Job:
        """The file is there, and stays for so long."""
        return self._ended("done", "", now, keep, rows=rows, estimate=rows, files=files)

    def refused(self, message: str, now: datetime) -> Job:
        """It will not be made, for a reason that lies in the order."""
        return self._ended("refused", message, now)

    def failed(self, message: str, now: datetime) -> Job:
        """An attempt that did not succeed: it is tried again after a pause, or given up."""
        if self.attempts >= MAX_ATTEMPTS:
            return self._given_up(message, now)
        return self._with(status="queued", owner="", message=message, sent=0, due_at=now + PAUSE * self.attempts)

    def cancelled(self, now: datetime) -> Job:
        """Nobody wants it any more; what has ended stays as it ended."""
        if self.status not in {"queued", "running"}:
            return self
        return self._ended("cancelled", "cancelled", now)

    def swept(self, now: datetime) -> Job | None:
        """What the sweeper makes of a job that is due; None if it is to be forgotten."""
        match self.status:
            case "queued":
                return self._with(sent=self.sent + 1, due_at=now + SEND_AGAIN)
            case "running" if self.attempts >= MAX_ATTEMPTS:
                return self._given_up(self.message, now)
            case "running":
                lost = "the worker was lost; the file is made again"
                return self._with(status="queued", owner="", message=lost, sent=1, due_at=now + SEND_AGAIN)
            case "done":
                return self._ended("expired", "the file was kept for its time; order it again", now, files=())
            case _:
                return None

    def _given_up(self, reason: str, now: datetime) -> Job:
        text = f"given up after {self.attempts} attempts: {reason or 'the worker was lost each time'}"
        return self._ended("failed", text, now)

    def _ended(self, status: Status, message: str, now: datetime, keep: timedelta = REMEMBERED, **more: object) -> Job:
        return self._with(status=status, message=message, owner="", ended_at=now, due_at=now + keep, **more)

    def _with(self, **changes: object) -> Job:
        return self.model_copy(update=changes)


class Column(_Model):
    """One column of a file, as its manifest tells it."""

    key: str
    es: str
    en: str
    type: str
    unit: str = ""


class Named(_Model):
    """A text in both languages."""

    es: str
    en: str


class Manifest(_Model):
    """What a file rests on; it stands beside the file as MANIFEST. The same order gives the same manifest.

    `at` is the day or the period that was asked, `as_known_at` the last moment recorded before `position`.
    """

    job: str
    file: str
    format: Format
    bytes: int
    sha256: str
    title: Named
    rows: int
    columns: tuple[Column, ...]
    question: Question | None
    movements: Movements | None
    at: str
    as_known_at: str
    position: str
    ledger_version: int
    definitions_version: str
    catalogue_version: str
    layout: int
    suppressed_cells: Literal[0] = 0
    truncated: Literal[False] = False
    notes: tuple[Named, ...]
