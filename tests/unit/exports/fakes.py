"""Stand-ins for what the export handlers need of the outside. The jobs pass the suite of those in Redis."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from shared.contracts.export_jobs import Column, Job, Order


class FakeExportJobs:
    """Jobs in memory, each through its JSON text as in the store."""

    def __init__(self) -> None:
        self._rows: dict[str, str] = {}

    def order(self, order: Order, now: datetime) -> Job:
        job = Job.ordered(order, now, self.read(order.key()))
        self._put(job)
        return job

    def read(self, job_id: str) -> Job | None:
        text = self._rows.get(job_id)
        return Job.model_validate_json(text) if text else None

    def cancel(self, job_id: str, now: datetime) -> Job | None:
        job = self.read(job_id)
        return self._put(job.cancelled(now)) if job else None

    def take(self, job_id: str, owner: str, now: datetime) -> Job | None:
        job = self.read(job_id)
        taken = self._put(job.taken(owner, now)) if job else None
        return taken if taken and taken.held_by(owner) else None

    def change(self, job_id: str, owner: str, change: Callable[[Job], Job]) -> bool:
        job = self.read(job_id)
        if job is None or not job.held_by(owner):
            return False
        self._put(change(job))
        return True

    def sweep(self, now: datetime) -> list[tuple[Job, Job | None]]:
        due = [job for job in map(self.read, self._rows) if job and job.due_at <= now]
        swept = [(job, job.swept(now)) for job in due]
        for before, after in swept:
            if after is None:
                del self._rows[before.id]
            else:
                self._put(after)
        return swept

    def _put(self, job: Job) -> Job:
        self._rows[job.id] = job.model_dump_json()
        return job


class FakeRows:
    """Rows of one text column. In the place of a row may stand an error, or something to do before the next."""

    columns = (Column(key="name", es="Nombre", en="Name", type="text"),)

    def __init__(self, *rows: bytes | Exception | Callable[[], object], estimate: int | None = None) -> None:
        self._rows = rows
        self._estimate = sum(isinstance(row, bytes) for row in rows) if estimate is None else estimate

    def count(self) -> int:
        return self._estimate

    def recorded_until(self) -> str:
        return "2026-02-01T04:59:59.999+00:00"

    def blocks(self) -> Iterator[bytes]:
        for row in self._rows:
            if isinstance(row, Exception):
                raise row
            if isinstance(row, bytes):
                yield row + b"\n"
            else:
                row()


class FakeTables:
    """The same rows for every order."""

    def __init__(self, rows: FakeRows) -> None:
        self._rows = rows

    def rows(self, order: Order) -> FakeRows:  # noqa: ARG002 - the same for all
        return self._rows


class FakeQueue:
    """A queue whose messages are a list."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.taken = 0

    def send(self, job_id: str) -> None:
        self.sent.append(job_id)

    def waiting(self) -> int:
        return len(self.sent) - self.taken
