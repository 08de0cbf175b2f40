"""A ClickHouse bridge of a test's own: on a free port, on a folder that the test may break."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import clickhouse_connect
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client

USER = "ana"
PASSWORD = "contraseña: ¡secreta!"
_START_SECONDS = 30


class Bridge:
    """The program, as a person would start it. `start` returns once /ping answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = _free_port()
        self.process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Bridge:
        self.process = self.launch()
        limit = time.monotonic() + _START_SECONDS
        while not self.answers():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < limit, "the bridge does not answer /ping"
            time.sleep(0.02)
        return self

    def launch(self, **environment: str | None) -> subprocess.Popen[str]:
        """One more process on the same folder and port; None takes a variable away."""
        command = [sys.executable, "-m", "deploy.local.bridge", "--path", str(self.folder), "--port", str(self.port)]
        known = {"SIEP_CLICKHOUSE_USER": USER, "SIEP_CLICKHOUSE_PASSWORD": PASSWORD}
        told = {name: value for name, value in (os.environ | known | environment).items() if value is not None}
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=told, stdout=pipe, stderr=pipe, text=True)

    def answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/ping", timeout=5) as response:
                return bool(response.read() == b"Ok.\n")
        except urllib.error.URLError:
            return False

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        assert self.process
        self.process.send_signal(sign)
        self.process.communicate(timeout=30)
        return self.process.returncode

    def get(
        self, query: str, headers: dict[str, str] | None = None, body: bytes | None = None, **params: str
    ) -> tuple[int, http.client.HTTPMessage, bytes]:
        """What a client without a library gets: status, headers, body. Without headers it says who it is in the URL."""
        who = {"user": USER, "password": PASSWORD} if headers is None else {}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        url = f"/?{urllib.parse.urlencode(who | {'query': query} | params)}"
        connection.request("POST" if body else "GET", url, body, headers or {})
        with contextlib.closing(connection), connection.getresponse() as response:
            return response.status, response.headers, response.read()

    def client(self, **options: Any) -> Client:
        return clickhouse_connect.get_client(**self._arguments(options))

    async def async_client(self, **options: Any) -> AsyncClient:
        return await clickhouse_connect.get_async_client(**self._arguments(options))

    def _arguments(self, options: dict[str, Any]) -> dict[str, Any]:
        known = {"host": "127.0.0.1", "port": self.port, "username": USER, "password": PASSWORD}
        return known | {"autogenerate_session_id": False, "query_retries": 0} | options


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
