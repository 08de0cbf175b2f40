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
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from deploy.local.home import Home, free_ports
from deploy.local.programs import INFRASTRUCTURE, SERVICES
from deploy.local.stack import Stack, Standing
from shared.runtime.settings import ProcessSettings, Settings

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
        return str(json.loads(self.environment["SIEP_KEYS"])[speaker])

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
