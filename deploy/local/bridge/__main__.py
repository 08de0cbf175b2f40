"""`python -m deploy.local.bridge --path DIR [--host 127.0.0.1] [--port 8123]`: serve until SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

import uvicorn

from deploy.local.bridge.app import Account, application
from deploy.local.bridge.engine import Engine, EngineUnavailableError
from shared.runtime.settings import Settings, SettingsError

_IDLE_SECONDS = 3600  # a client that reuses a connection must never find it closed under its request
_GRACE_SECONDS = 5


def main() -> None:
    """Open the folder and serve. Exits with 1 and one line if the folder or the settings do not allow it."""
    parser = argparse.ArgumentParser(prog="python -m deploy.local.bridge", description="ClickHouse's engine over HTTP")
    parser.add_argument("--path", type=Path, required=True, help="folder of the data; made if it is not there")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (only this machine by default)")
    parser.add_argument("--port", type=int, default=8123)
    arguments = parser.parse_args()
    try:
        settings = Settings()
        engine = Engine(arguments.path)
    except (SettingsError, EngineUnavailableError) as error:
        sys.exit(f"bridge: {error}")
    account = Account(settings.clickhouse_user, settings.clickhouse_password.get_secret_value())
    for stop in (signal.SIGTERM, signal.SIGINT):  # uvicorn raises it again after its own stop
        signal.signal(stop, lambda *_: os._exit(0))  # a query that outlived the grace must not hold the stop
    uvicorn.run(
        application(engine, account),
        host=arguments.host,
        port=arguments.port,
        access_log=False,
        log_level="warning",
        timeout_keep_alive=_IDLE_SECONDS,
        timeout_graceful_shutdown=_GRACE_SECONDS,
    )


if __name__ == "__main__":
    main()
