"""Builds the Celery application of the exports: one task that makes a file, and the sweep that feeds it."""

from __future__ import annotations

import logging
import secrets
from contextlib import closing
from typing import Any

from celery import Celery, bootsteps
from kombu.exceptions import OperationalError

from services.exports.handlers import Making, Sweeping
from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.export_tables import ClickHouseTables
from shared.adapters.files.forms import FORMS
from shared.adapters.files.shelf import FolderShelf
from shared.adapters.redis.jobs import RedisExportJobs
from shared.export_ports import JobsError
from shared.runtime.clock import Clock
from shared.runtime.settings import Settings

log = logging.getLogger(__name__)

QUEUE = "siep.exports"
MAKE = "siep.exports.make"
SWEEP_SECONDS = 0.5
SECONDS_MAX = 3_600
"""A file that takes longer is ended, and after some attempts given up."""
_CONFIGURATION: dict[str, Any] = {
    "task_default_queue": QUEUE,
    "task_ignore_result": True,  # what becomes of a job stands in the job
    # A message is done with when its task is. Should it come again, the lease of the job decides (DESIGN §6).
    "task_acks_late": True,
    "task_reject_on_worker_lost": True,
    "worker_prefetch_multiplier": 1,
    "broker_transport_options": {"visibility_timeout": SECONDS_MAX + 300},
    "task_time_limit": SECONDS_MAX,
    "worker_max_tasks_per_child": 20,
    "broker_connection_retry_on_startup": True,
    "broker_connection_max_retries": None,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
}


class CeleryQueue:
    """See shared.ports.ExportQueue."""

    def __init__(self, app: Celery) -> None:
        self._app = app

    def send(self, job_id: str) -> None:
        """See shared.ports.ExportQueue."""
        try:
            self._app.send_task(MAKE, (job_id,), retry=False)
        except OperationalError as error:
            raise JobsError(str(error)) from error

    def waiting(self) -> int:
        """See shared.ports.ExportQueue."""
        with self._app.connection_for_read() as connection:
            try:
                return int(connection.default_channel.queue_declare(QUEUE).message_count)
            except connection.recoverable_connection_errors as error:
                raise JobsError(str(error)) from error


def build(settings: Settings, clock: Clock) -> Celery:
    """The application. Nothing is opened until a worker runs it."""
    app = Celery("siep.exports", broker=settings.redis, set_as_current=False)
    app.conf.update(_CONFIGURATION)
    _add_making(app, settings, clock)
    _add_sweeping(app, settings, clock)
    return app


def _add_making(app: Celery, settings: Settings, clock: Clock) -> None:
    @app.task(name=MAKE)  # type: ignore[untyped-decorator]  # of Celery, which has no types
    def make(job_id: str) -> None:
        """In a child of the worker, with connections of its own."""
        with closing(connect(settings)) as client, closing(RedisExportJobs.connect(settings.redis)) as jobs:
            tables, shelf = ClickHouseTables(client, FORMS), FolderShelf(settings.exports_dir)
            Making(jobs, tables, shelf, FORMS, clock).make(job_id, secrets.token_hex(8))


def _add_sweeping(app: Celery, settings: Settings, clock: Clock) -> None:
    class Sweep(bootsteps.StartStopStep):  # type: ignore[misc]  # of Celery, which has no types
        """Sweeps while the worker runs, in its main process."""

        requires = ("celery.worker.components:Timer",)

        def __init__(self, worker: Any, **_: Any) -> None:
            super().__init__(worker)
            self._jobs = RedisExportJobs.connect(settings.redis)
            self._sweeping = Sweeping(self._jobs, CeleryQueue(app), FolderShelf(settings.exports_dir), clock)
            self._timer: Any = None

        def start(self, worker: Any) -> None:
            self._timer = worker.timer.call_repeatedly(SWEEP_SECONDS, self._sweep)

        def stop(self, _: Any) -> None:
            self._timer.cancel()
            self._jobs.close()

        def _sweep(self) -> None:
            try:
                self._sweeping.sweep()
            except JobsError as error:
                log.warning("sweep not finished", extra={"why": str(error)})

    app.steps["worker"].add(Sweep)
