"""Connections to ClickHouse: the only place that builds a client."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

from shared.runtime.settings import Settings

__all__ = ["AsyncClient", "Client", "connect", "connect_async"]


SILENT_SECONDS = 90
"""Longer than any statement may run on the server: a connection that falls silent must not hold a partition."""


def _arguments(settings: Settings, database: str) -> dict[str, Any]:
    url = urlsplit(settings.clickhouse)
    return {
        "host": url.hostname,
        "port": url.port or 8123,
        "secure": url.scheme == "https",
        "username": settings.clickhouse_user,
        "password": settings.clickhouse_password.get_secret_value(),
        "database": database,
        "autogenerate_session_id": False,  # a session serialises the requests of a client
        "query_retries": 0,  # who asks decides whether asking twice is safe
    }


def connect(settings: Settings, *, database: str | None = None) -> Client:
    """A synchronous client of the system's database; the caller closes it."""
    return clickhouse_connect.get_client(**_arguments(settings, database or settings.clickhouse_database))


async def connect_async(settings: Settings, *, database: str | None = None) -> AsyncClient:
    """An asynchronous client of the system's database; the caller closes it."""
    arguments = _arguments(settings, database or settings.clickhouse_database)
    return await clickhouse_connect.get_async_client(**arguments, send_receive_timeout=SILENT_SECONDS)
