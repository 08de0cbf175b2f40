"""`python -m services.gateway`: figures by GraphQL, on port 8000 unless SIEP_PORT says otherwise."""

from __future__ import annotations

import gc
import sys

import uvicorn

from services.gateway.app import build
from shared.runtime.clock import SystemClock
from shared.runtime.logs import set_up_logging
from shared.runtime.settings import GatewaySettings, SettingsError


def main() -> int:
    """The exit code."""
    set_up_logging()
    try:
        settings = GatewaySettings()
    except SettingsError as error:
        print(error, file=sys.stderr)  # noqa: T201 - whoever starts it by hand reads this
        return 2
    app = build(settings, SystemClock())
    # The schema lives for ever, and most of what an answer makes is freed without a collection: 2 % of its cost.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
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
