"""`python -m services.aggregator` follows the log; `… verify` rebuilds the journal beside it and compares."""

from __future__ import annotations

import gc
import sys

import uvicorn

from services.aggregator.app import create_app
from services.aggregator.verify import verify
from shared.runtime.logs import set_up_logging
from shared.runtime.settings import Settings, SettingsError


def main(arguments: list[str]) -> int:
    """Run as told; the exit code says whether it went well."""
    set_up_logging()
    try:
        settings = Settings()
    except SettingsError as error:
        sys.exit(str(error))
    # What a batch makes lives as long as the batch and holds no cycles: looking through it took 8 us a fact.
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 50)
    if arguments == ["verify"]:
        return verify(settings, sys.stdout)
    uvicorn.run(create_app(settings), host=settings.host, port=settings.port, log_config=None, access_log=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
