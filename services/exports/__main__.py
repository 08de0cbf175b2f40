"""`python -m services.exports`: a Celery worker that makes files."""

from __future__ import annotations

import sys

from celery.signals import setup_logging

from services.exports.app import build
from shared.runtime.clock import SystemClock
from shared.runtime.logs import set_up_logging
from shared.runtime.settings import Settings, SettingsError

PROCESSES = 2
"""Files made at once."""


def main() -> int:
    """The exit code."""
    set_up_logging()
    try:
        settings = Settings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it by hand reads this
        return 2
    setup_logging.connect(_logging_is_set_up)
    worker = build(settings, SystemClock()).Worker(
        pool="prefork", concurrency=PROCESSES, without_gossip=True, without_mingle=True, quiet=True
    )
    worker.start()
    return int(worker.exitcode or 0)


def _logging_is_set_up(**_: object) -> None:
    """Celery leaves logging alone if somebody listens here."""


if __name__ == "__main__":
    sys.exit(main())
