"""What making a file needs of the outside, as protocols; see `shared/ports.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from shared.contracts.export_jobs import Column, Job, Order


class JobsError(Exception):
    """The store of export jobs did not answer; ask again."""


class ExportJobs(Protocol):
    """Jobs by the name of their order. Each call changes one job as `Job` says, or finds it changed by another."""

    def order(self, order: Order, now: datetime) -> Job:
        """The job of this order, new or as it stands."""
        ...

    def read(self, job_id: str) -> Job | None:
        """The job as it stands; None if it was never ordered or is forgotten."""
        ...

    def cancel(self, job_id: str, now: datetime) -> Job | None:
        """The job, cancelled unless it has ended; None if there is none."""
        ...

    def take(self, job_id: str, owner: str, now: datetime) -> Job | None:
        """The job, held by this owner from now on; None if there is nothing to do."""
        ...

    def change(self, job_id: str, owner: str, change: Callable[[Job], Job]) -> bool:
        """Change a job that this owner holds; False, and nothing is changed, if it does not (any more)."""
        ...

    def sweep(self, now: datetime) -> list[tuple[Job, Job | None]]:
        """Every job that is due, before and after; None for one that is forgotten. Each is given to one sweeper."""
        ...


class TablesError(Exception):
    """The rows could not be read; another attempt may succeed."""


class Rows(Protocol):
    """The rows of one file, in the form of its format, as known before the position of its order."""

    columns: Sequence[Column]

    def count(self) -> int:
        """How many there are. Raises TablesError."""
        ...

    def recorded_until(self) -> str:
        """The last moment recorded before the position, ISO in UTC; empty if there is none. Raises TablesError."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """Whole rows, each ended by a line feed. Raises TablesError, also after some, if they end too early."""
        ...


class ExportTables(Protocol):
    """Whatever can be ordered as a file."""

    def rows(self, order: Order) -> Rows:
        """The rows that this order asks for."""
        ...


class FileForm(Protocol):
    """A format: how its cells and rows look, and how a whole file is written."""

    @property
    def ROW(self) -> tuple[str, str, str]:  # noqa: N802 - a constant of a module
        """What stands before, between and after the cells of a row."""
        ...

    @property
    def cell(self) -> Callable[[str, str], str]:
        """The SQL expression of a cell of a kind, out of the expression of its value."""
        ...

    @property
    def write(self) -> Callable[[BinaryIO, Sequence[Column], Iterable[bytes], Sequence[tuple[str, str]]], None]:
        """Writes columns, blocks of whole rows, and what the file rests on if the format has a place for it."""
        ...


class Draft(Protocol):
    """A folder of files that nobody sees until it is published."""

    @property
    def folder(self) -> Path:
        """Where to write them."""
        ...

    def publish(self) -> None:
        """Show all files at once and for good, even if the machine stops now; what was shown before stays."""
        ...


class ExportShelf(Protocol):
    """Where finished files stand, one folder per job."""

    def draft(self, job_id: str, owner: str) -> AbstractContextManager[Draft]:
        """A new folder; it is gone afterwards unless it was published. Drafts of other owners are cleared away."""
        ...

    def path(self, job_id: str, name: str) -> Path:
        """Where a published file stands."""
        ...

    def discard(self, job_id: str) -> None:
        """Remove the files of a job and what unfinished attempts left."""
        ...


class ExportQueue(Protocol):
    """The way to the workers."""

    def send(self, job_id: str) -> None:
        """Ask some worker to make this job. Raises JobsError."""
        ...

    def waiting(self) -> int:
        """How many messages no worker has taken yet. Raises JobsError."""
        ...
