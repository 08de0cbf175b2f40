"""Gateways over the large journal, each a process of its own: before the engine, or before one that remembers."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import psutil

from deploy.bench.rig import Rig
from deploy.local.home import free_ports
from deploy.local.supervision import ROOT
from shared.runtime.settings import Settings

_STARTS_SECONDS_MAX = 30


@contextmanager
def gateway_over(rig: Rig, settings: Settings) -> Iterator[tuple[str, psutil.Process]]:
    """The address and the process of a gateway over the large journal; it is ended afterwards."""
    port = free_ports()["gateway"]
    own = {
        "SIEP_PORT": str(port),
        "SIEP_CLICKHOUSE": settings.clickhouse,
        "SIEP_CLICKHOUSE_DATABASE": settings.clickhouse_database,
    }
    address = f"http://127.0.0.1:{port}"
    with _started(rig, ["services.gateway"], own, f"{address}/health") as process:
        yield address, process


@contextmanager
def remembered(rig: Rig, settings: Settings) -> Iterator[Settings]:
    """Settings of an engine that says again what it said before, without work; it is ended afterwards."""
    port = free_ports()["clickhouse"]
    address = f"http://127.0.0.1:{port}"
    with _started(rig, ["deploy.bench.remembering", str(port), settings.clickhouse], {}, f"{address}/ping"):
        yield settings.model_copy(update={"clickhouse": address})


@contextmanager
def _started(rig: Rig, module: list[str], own: dict[str, str], health: str) -> Iterator[psutil.Process]:
    """A process of this module in the stack's environment, once it is well; it is ended afterwards."""
    path = rig.stack.home.logs / f"bench-{module[0]}.log"
    with (
        path.open("wb") as log,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            env={**os.environ, **rig.environment, **own},
            cwd=ROOT,
            stdout=log,
            stderr=log,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + _STARTS_SECONDS_MAX
            while not _is_well(health):
                if process.poll() is not None or time.monotonic() > deadline:
                    said = path.read_text(encoding="utf-8", errors="replace")[-2_000:]
                    raise RuntimeError(f"{module[0]} does not answer at {health}. Its log, deleted now, ends: {said}")
                time.sleep(0.1)
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


def _is_well(url: str) -> bool:
    try:
        return httpx.get(url, timeout=3, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
