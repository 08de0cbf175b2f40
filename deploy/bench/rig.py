"""The stack that is measured: a temporary one with free ports, whose parts start when a figure needs them."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import psutil

from deploy.bench.meters import cpu_seconds
from deploy.local.home import Home, free_ports
from deploy.local.stack import Stack
from shared.runtime.settings import ProcessSettings

SettingsT = TypeVar("SettingsT", bound=ProcessSettings)
Say = Callable[[str], None]
CORES = 2
"""Budgets are for so many; a larger machine lends no more. Linux only."""
BYTES_MIN = 8 * 1024**3
"""More than all parts together write."""


@dataclass(frozen=True)
class Rig:
    """A running stack; `say` tells whoever waits what is being done."""

    stack: Stack
    say: Say

    def start(self, *parts: str) -> None:
        """Let these parts run and wait until they answer; what runs already is left alone."""
        self.stack.up(parts=parts)

    @property
    def environment(self) -> Mapping[str, str]:
        """Addresses and secrets, as a process of this stack sees them."""
        return self.stack.home.environment()

    @property
    def keys(self) -> dict[str, str]:
        """The key of each establishment, and of `inpe`."""
        found: dict[str, str] = json.loads(self.environment["SIEP_KEYS"])
        return found

    def settings(self, kind: type[SettingsT]) -> SettingsT:
        """The settings that a process of this stack would read."""
        known = self.environment
        values: dict[str, Any] = {
            name: known[f"SIEP_{name.upper()}"] for name in kind.model_fields if f"SIEP_{name.upper()}" in known
        }
        if "ingest_keys" in values:
            values["ingest_keys"] = json.loads(values["ingest_keys"])
        return kind(**values)

    def processes(self) -> dict[str, psutil.Process]:
        """What runs, by name."""
        return {one.name: psutil.Process(one.pid) for one in self.stack.status() if one.pid}

    @contextmanager
    def alone(self, *parts: str) -> Iterator[None]:
        """Let nothing but these parts run meanwhile, as if others had not been started for figures before."""
        others = [process for name, process in self.processes().items() if name not in parts]
        for process in others:
            process.suspend()
        try:
            yield
        finally:
            for process in others:
                process.resume()

    def used_seconds(self) -> float:
        """CPU time of this process, what it started, and the stack, so far."""
        ours = {one.pid: one for one in (psutil.Process(), *self.processes().values())}
        return sum(map(cpu_seconds, ours.values()))

    def counted(self) -> int:
        """How many records of the log the aggregator has behind it."""
        url = f"http://127.0.0.1:{self.environment['SIEP_AGGREGATOR_PORT']}/health"
        health = httpx.get(url, timeout=30, trust_env=False).json()
        if health["stopped"]:
            raise RuntimeError(f"the aggregator stopped: {health['stopped']}")
        return sum(health["positions"].values())

    def wait_counted(self, end: int, *, seconds: float = 180, every: float = 0.2) -> None:
        """Until the aggregator has so many records behind it."""
        deadline = time.monotonic() + seconds
        while (counted := self.counted()) < end:
            if time.monotonic() > deadline:
                raise TimeoutError(f"after {seconds:.0f} s {counted} of {end} records are counted")
            time.sleep(every)


def _memory() -> Path | None:
    """A file system in memory if there is one with room enough, else None (the usual folder of temporary files).

    A disk is not what is measured, and it can be most of it: an ext4 without a journal, as small virtual machines have,
    looks through all that was deleted in the last minutes for every new file. An insert makes fifty: 85 ms, not 29.
    """
    shared_memory = Path("/dev/shm")  # noqa: S108 - what is made in it is a folder of our own
    roomy = shared_memory.is_dir() and shutil.disk_usage(shared_memory).free > BYTES_MIN
    return shared_memory if roomy else None


@contextmanager
def rig(say: Say) -> Iterator[Rig]:
    """On two cores, a stack of one's own with no part running yet. Ended and deleted afterwards, whatever happens."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])  # whatever is started from here on inherits it
    folder = Path(tempfile.mkdtemp(prefix="siep-bench-", dir=_memory()))
    stack = Stack(Home(folder.resolve()), say=say)
    try:
        stack.up(free_ports(), ())
        yield Rig(stack, say)
    finally:
        stack.down()
        shutil.rmtree(folder)
