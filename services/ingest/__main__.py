"""`python -m services.ingest`: the door, on port 8001 unless SIEP_PORT says otherwise."""

from __future__ import annotations

import gc
import sys

import uvicorn

from services.ingest.app import build
from shared.runtime.clock import SystemClock
from shared.runtime.logs import set_up_logging
from shared.runtime.memory import keep_freed_memory
from shared.runtime.settings import IngestSettings, SettingsError

PORT = 8001


def main() -> int:
    """The exit code."""
    set_up_logging()
    try:
        settings = IngestSettings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it by hand reads this
        return 2
    keep_freed_memory()  # large buffers for Kafka come and go many times a second
    app = build(settings, SystemClock())
    # What is alive now lives for ever, and a message leaves no cycles: collecting rarely halves the cost of validation.
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)
    port = settings.port if "port" in settings.model_fields_set else PORT
    uvicorn.run(
        app,
        host=settings.host,
        port=port,
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
