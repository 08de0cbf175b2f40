"""Makes the files that were ordered, each whole or not at all, and looks after the jobs that are due.

Any number of workers may be told of one job, at once or again: the store gives it to one owner, and who loses it stops.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Self

from services.exports.manifest import Basis, file_name
from shared.contracts.export_jobs import LAYOUT, MANIFEST, File, Format, Job, Order, definitions_version
from shared.export_ports import (
    Draft,
    ExportJobs,
    ExportQueue,
    ExportShelf,
    ExportTables,
    FileForm,
    JobsError,
    TablesError,
)
from shared.reference.catalogue import load
from shared.runtime.clock import Clock

log = logging.getLogger(__name__)

KEPT = timedelta(days=7)
"""For so long a file can be fetched."""


class LostError(Exception):
    """The job is no longer this owner's: it was cancelled, or given to another."""


class Hold:
    """A job while it is made: a thread tells its progress, and learns there when it is lost."""

    def __init__(self, jobs: ExportJobs, job_id: str, owner: str, clock: Clock, every_seconds: float) -> None:
        self.rows = 0
        self.estimate: int | None = None
        self._jobs = jobs
        self._job_id = job_id
        self._owner = owner
        self._clock = clock
        self._every_seconds = every_seconds
        self._ended, self._lost = Event(), Event()
        self._thread = Thread(target=self._speak, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def through(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """The same blocks, their rows counted. Raises LostError."""
        for block in blocks:
            if self._lost.is_set():
                raise LostError
            self.rows += block.count(b"\n")
            yield block

    def _speak(self) -> None:
        while not self._ended.wait(self._every_seconds):
            try:
                held = self._jobs.change(
                    self._job_id, self._owner, lambda job: job.heard(self.rows, self.estimate, self._clock.now())
                )
            except JobsError as error:  # the lease may end meanwhile: then the next answer says so
                log.warning("progress not told", extra={"job": self._job_id, "why": str(error)})
                continue
            if not held:
                self._lost.set()
                return


class Making:
    """Makes files, one job at a time."""

    def __init__(
        self,
        jobs: ExportJobs,
        tables: ExportTables,
        shelf: ExportShelf,
        forms: Mapping[Format, FileForm],
        clock: Clock,
        *,
        every_seconds: float = 1.0,
    ) -> None:
        self._jobs = jobs
        self._tables = tables
        self._shelf = shelf
        self._forms = forms
        self._clock = clock
        self._every_seconds = every_seconds

    def make(self, job_id: str, owner: str) -> None:
        """Make the file of this job, if nobody else has it in hand; what becomes of it stands in the job."""
        job = self._jobs.take(job_id, owner, self._clock.now())
        if job is None:
            return
        reason = _reason_to_refuse(job.order)
        if reason:
            self._jobs.change(job_id, owner, lambda job: job.refused(reason, self._clock.now()))
            return
        try:
            with Hold(self._jobs, job_id, owner, self._clock, self._every_seconds) as hold:
                rows, files = self._written(job, owner, hold)
        except LostError:
            log.info("job taken away", extra={"job": job_id})
        except TablesError as error:
            self._failed(job_id, owner, str(error))
        except OSError as error:
            self._failed(job_id, owner, f"the file could not be written: {error.strerror}")
        except Exception:
            self._failed(job_id, owner, "something unforeseen went wrong; the worker's log says what")
            raise
        else:
            self._jobs.change(job_id, owner, lambda job: job.done(rows, files, self._clock.now(), KEPT))

    def _failed(self, job_id: str, owner: str, message: str) -> None:
        log.warning("attempt failed", extra={"job": job_id, "why": message})
        self._jobs.change(job_id, owner, lambda job: job.failed(message, self._clock.now()))

    def _written(self, job: Job, owner: str, hold: Hold) -> tuple[int, tuple[File, ...]]:
        """The number of rows and the files, once they can be seen. Raises LostError, TablesError or OSError."""
        rows = self._tables.rows(job.order)
        hold.estimate = rows.count()
        basis = Basis(job.order, rows.columns, hold.estimate, rows.recorded_until())
        with self._shelf.draft(job.id, owner) as draft:
            path = draft.folder / file_name(job.order)
            with path.open("wb") as sink:
                self._forms[job.order.format].write(sink, rows.columns, hold.through(rows.blocks()), basis.lines())
            if hold.rows != basis.rows:
                raise TablesError(f"{basis.rows} rows were counted but {hold.rows} came")
            return basis.rows, _published(draft, path, basis)


def _published(draft: Draft, path: Path, basis: Basis) -> tuple[File, ...]:
    """Show the file with its manifest beside it."""
    written = _file(path)
    manifest = path.with_name(MANIFEST)
    said = basis.manifest(written.name, written.bytes, written.sha256)
    manifest.write_text(said.model_dump_json(indent=2) + "\n", encoding="utf-8")
    files = (written, _file(manifest))
    draft.publish()
    return files


def _file(path: Path) -> File:
    with path.open("rb") as written:
        digest = hashlib.file_digest(written, "sha256").hexdigest()
    return File(name=path.name, bytes=path.stat().st_size, sha256=digest)


def _reason_to_refuse(order: Order) -> str:
    """An order made under other definitions would give another file than was promised."""
    if (order.definitions, order.catalogue, order.layout) != (definitions_version(), load().version, LAYOUT):
        return "definitions, catalogues or the layout of files changed since this was ordered: order it again"
    return ""


class Sweeping:
    """Sends to the workers whatever waits for one, and clears away what has had its time."""

    def __init__(self, jobs: ExportJobs, queue: ExportQueue, shelf: ExportShelf, clock: Clock) -> None:
        self._jobs = jobs
        self._queue = queue
        self._shelf = shelf
        self._clock = clock

    def sweep(self) -> None:
        """Look after every job that is due. Raises JobsError; what was not done is due again."""
        for before, after in self._jobs.sweep(self._clock.now()):
            if after is None or after.status in {"failed", "expired"}:
                self._shelf.discard(before.id)
            # Sent before and still waiting: only an empty queue shows that the message was lost.
            elif after.sent == 1 or self._queue.waiting() == 0:
                self._queue.send(after.id)
