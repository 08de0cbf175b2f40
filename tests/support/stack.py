"""Real Kafka, ClickHouse engine, Valkey and services for tests: started by the code behind `make up`, on free ports.

Whatever asks for a fixture of this file is marked `stack`. Every fixture ends what it started, and its data with it.

- `kafka_address`, `clickhouse_settings`, `clickhouse_address`, `valkey_address`: single parts, started when first asked
  for and shared by the session. No service runs beside them, so a test may play any part itself.
- `stack`: the whole system with its four services, shared by the session, apart from the single parts.
- `local_stack(...)`: a stack for one module or test alone, for those that kill things.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import httpx
import pytest

from deploy.local.home import Home, free_ports
from deploy.local.programs import INFRASTRUCTURE, SERVICES
from deploy.local.stack import Stack, Standing
from deploy.local.supervision import ROOT
from shared.runtime.settings import ProcessSettings, Settings
from tests.support.waiting import until

AGGREGATOR = (sys.executable, "-m", "services.aggregator")
FIXTURES = frozenset({"stack", "parts", "kafka_address", "clickhouse_address", "clickhouse_settings", "valkey_address"})
SettingsT = TypeVar("SettingsT", bound=ProcessSettings)


@dataclass(frozen=True)
class RunningStack:
    """A stack that runs: its addresses, its secrets, and its processes."""

    stack: Stack

    @property
    def environment(self) -> dict[str, str]:
        """Addresses and secrets, as a process of this stack sees them."""
        return self.stack.home.environment()

    @property
    def ingest(self) -> str:
        """`http://host:port` of ingest."""
        return self.environment["SIEP_INGEST"]

    @property
    def gateway(self) -> str:
        """`http://host:port` of the gateway."""
        return self.environment["SIEP_GATEWAY"]

    @property
    def statistician_token(self) -> str:
        """What the gateway asks for."""
        return self.environment["SIEP_STATISTICIAN_TOKEN"]

    def ingest_key(self, speaker: str) -> str:
        """The key of an establishment, or of `inpe`."""
        return self.keys[speaker]

    @property
    def keys(self) -> dict[str, str]:
        """The key of each establishment, and of `inpe`."""
        found: dict[str, str] = json.loads(self.environment["SIEP_KEYS"])
        return found

    def settings(self, kind: type[SettingsT]) -> SettingsT:
        """The settings that a process of this stack would read."""
        known = self.environment
        values = {name: known[f"SIEP_{name.upper()}"] for name in kind.model_fields if f"SIEP_{name.upper()}" in known}
        return kind(
            **{**values, **({"ingest_keys": json.loads(known["SIEP_INGEST_KEYS"])} if "ingest_keys" in values else {})}
        )

    def start(self, *parts: str) -> None:
        """Let these parts run and wait until they answer; what runs already is left alone."""
        self.stack.up(parts=parts)

    def process(self, name: str) -> Standing:
        """How one process stands."""
        return next(one for one in self.stack.status() if one.name == name)

    def runs(self, name: str) -> int | None:
        """The id of a process; None while the supervisor has yet to bring it up again."""
        process = self.stack._supervisor.processes().get(name, {})
        return int(process["pid"]) if process.get("statename") == "RUNNING" else None

    def kill(self, name: str) -> None:
        """`kill -9` of one process; the supervisor starts it again by itself."""
        pid = self.runs(name)
        assert pid, f"{name} does not run"
        os.kill(pid, signal.SIGKILL)

    @contextlib.asynccontextmanager
    async def second_aggregator(self, command: Sequence[str] = AGGREGATOR) -> AsyncIterator[Beside]:
        """One more aggregator that has partitions of its own by now. Killed in the end, if it still lives."""
        beside = Beside(self.stack.home, command, free_ports()["aggregator"])
        try:
            await until(beside.follows, "the second aggregator has partitions")
            yield beside
        finally:
            beside.kill()

    def verified(self) -> list[str]:
        """What `make verify` says, line by line: the last one is `differences=N`."""
        command = [sys.executable, "-m", "services.aggregator", "verify"]
        environment = {**os.environ, **self.environment}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout, done.stderr
        return done.stdout.splitlines()


class Beside:
    """A process of a stack that the supervisor does not know. Its id is written down, so that `down` ends it too."""

    def __init__(self, home: Home, command: Sequence[str], port: int) -> None:
        self._home = home
        self._command = command
        self._port = port
        self._process = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        environment = {**os.environ, **self._home.environment(), "SIEP_PORT": str(self._port)}
        with (self._home.logs / f"beside-{self._port}.log").open("ab") as log:
            process = subprocess.Popen(
                self._command, cwd=ROOT, env=environment, stdout=log, stderr=log, start_new_session=True
            )
        with (self._home.run / "ids").open("a", encoding="utf-8") as ids:
            ids.write(f"{process.pid}\n")
        return process

    async def follows(self) -> bool:
        """Whether it has partitions. If it ended, as it does where nothing answers, it is started again."""
        if self._process.poll() is not None:
            self._process = self._started()
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", trust_env=False) as client:
                return bool((await client.get("/health")).json()["positions"])
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        """`kill -9`."""
        self._process.kill()
        self._process.wait()

    def end(self, seconds: float) -> None:
        """Ask it to end, and wait so long."""
        self._process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)


@contextlib.contextmanager
def local_stack(*parts: str) -> Iterator[RunningStack]:
    """A stack of one's own with these parts; none named: no part yet. Ended and deleted afterwards, whatever happens."""
    folder = Path(tempfile.mkdtemp(prefix="siep-"))
    stack = Stack(Home(folder.resolve()), say=lambda _: None)
    try:
        stack.up(free_ports(), parts)
        yield RunningStack(stack)
    finally:
        stack.down()
        shutil.rmtree(folder)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("stack")


@pytest.fixture(scope="session")
def parts() -> Iterator[RunningStack]:
    """The stack whose parts start when they are asked for."""
    with local_stack() as running:
        yield running


@pytest.fixture(scope="session")
def kafka_address(parts: RunningStack) -> str:
    """`host:port` of a broker with the system's topics."""
    parts.start("kafka")
    return parts.environment["SIEP_KAFKA"]


@pytest.fixture(scope="session")
def clickhouse_settings(parts: RunningStack) -> Settings:
    """Settings that lead to a ClickHouse engine with the migrated database."""
    parts.start("clickhouse")
    return parts.settings(Settings)


@pytest.fixture(scope="session")
def clickhouse_address(clickhouse_settings: Settings) -> str:
    """`http://host:port` of that engine; user and password are in `clickhouse_settings`."""
    return clickhouse_settings.clickhouse


@pytest.fixture(scope="session")
def valkey_address(parts: RunningStack) -> str:
    """`redis://host:port/0` of an empty Valkey."""
    parts.start("valkey")
    return parts.environment["SIEP_REDIS"]


@pytest.fixture(scope="session")
def stack() -> Iterator[RunningStack]:
    """The whole system."""
    with local_stack(*INFRASTRUCTURE, *SERVICES) as running:
        yield running
