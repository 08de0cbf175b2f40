"""Starts, shows and ends a local stack: the whole system on one machine, or some parts of it."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import psutil

from deploy.local import jars, kafka
from deploy.local.home import Home, StackError, free_ports, wanted_ports
from deploy.local.programs import INFRASTRUCTURE, SERVICES, Program, programs
from deploy.local.supervision import ROOT, Supervisor

DISK_GB_MIN = 4
SECONDS_MAX = 60
"""How long one process may take until it answers, on a slow machine."""
Say = Callable[[str], None]

logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # here a broker that does not answer yet is no error


@dataclass(frozen=True)
class Standing:
    """How one process stands."""

    name: str
    state: str
    pid: int | None
    port: int | None
    memory_mb: int | None


class Stack:
    """One local stack, found again by its folder."""

    def __init__(self, home: Home, say: Say = print) -> None:
        self.home = home
        self._say = say
        self._supervisor = Supervisor(home)

    def up(self, ports: Mapping[str, int] | None = None, parts: Collection[str] | None = None) -> dict[str, str]:
        """Start these parts (all, unless said otherwise), wait until they answer, return addresses and secrets.

        What runs already stays as it is. If a part does not come up, what this call started is ended again.
        Raises StackError, one sentence that says what to do.
        """
        wanted = [*INFRASTRUCTURE, *SERVICES] if parts is None else parts
        class_path = jars.class_path(self._say)
        fresh = not self._supervisor.alive()
        if fresh:
            self._begin(class_path, ports or wanted_ports())
        try:
            self._start(programs(self.home, class_path, self.home.ports()), wanted)
        except BaseException:
            if fresh:
                self.down()
            raise
        return self.home.environment()

    def _begin(self, class_path: str, ports: Mapping[str, int]) -> None:
        self.home.prepare()
        self._supervisor.end()  # what a supervisor that was killed left behind
        _enough_disk(self.home)
        for name, port in ports.items():
            _free(name, port)
        environment = self.home.write_environment(ports)
        for name in ("valkey", "clickhouse", "exports"):
            (self.home.data / name).mkdir(exist_ok=True)
        kafka.prepare(self.home, class_path, ports, free_ports()["kafka"])
        self._supervisor.start(programs(self.home, class_path, ports).values(), environment)

    def _start(self, known: Mapping[str, Program], wanted: Collection[str]) -> None:
        infrastructure = [known[name] for name in INFRASTRUCTURE if name in wanted]
        self._run(infrastructure)
        if "kafka" in wanted:
            self._job("shared.adapters.kafka.topics")
        if "clickhouse" in wanted:
            self._job("shared.adapters.clickhouse.migrate")
        self._run([known[name] for name in SERVICES if name in wanted])

    def _run(self, together: Collection[Program]) -> None:
        for program in together:
            self._supervisor.run(program.name)
        began = time.monotonic()
        for program in together:
            while not self._well(program):
                if time.monotonic() - began > SECONDS_MAX:
                    log = self.home.logs / f"{program.name}.log"
                    raise StackError(f"{program.name} did not answer within {SECONDS_MAX} s: see the end of {log}.")
                time.sleep(0.1)
            self._say(f"{program.name} answers after {time.monotonic() - began:.1f} s")

    def _well(self, program: Program) -> bool:
        return self._supervisor.processes()[program.name]["statename"] == "RUNNING" and program.answers()

    def _job(self, module: str) -> None:
        command = [sys.executable, "-m", module]
        done = subprocess.run(
            command, env=self.home.environment(), capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode != 0:
            raise StackError(f"python -m {module} failed: {(done.stdout + done.stderr).strip()}")

    def down(self) -> None:
        """End everything that runs for this stack, also what a killed supervisor left. The data stay."""
        self._supervisor.end()

    def status(self) -> list[Standing]:
        """Each process that should run or does: `ok`, `no answer`, or the supervisor's word for what is amiss."""
        ports = self.home.ports()
        known = programs(self.home, "", ports)
        supervised = self._supervisor.processes()
        if not supervised:
            left = self._supervisor.recorded()
            return [Standing(one.name(), "left behind: run make down", one.pid, None, _memory(one.pid)) for one in left]
        return [self._standing(program, supervised[name], ports) for name, program in known.items()]

    def _standing(self, program: Program, process: Mapping[str, object], ports: Mapping[str, int]) -> Standing:
        state, pid = str(process["statename"]).lower(), int(str(process["pid"]))
        if state == "running":
            state = "ok" if program.answers() else "no answer"
        port = ports[program.port] if program.port else None
        return Standing(program.name, state, pid or None, port, _memory(pid) if pid else None)


def _memory(pid: int) -> int | None:
    """Resident megabytes of a process and its children."""
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        family = [parent, *parent.children(recursive=True)]
        return round(sum(one.memory_info().rss for one in family) / 1e6)
    return None


def _enough_disk(home: Home) -> None:
    free_gb = shutil.disk_usage(home.folder).free / 1e9
    if free_gb < DISK_GB_MIN:
        raise StackError(
            f"Only {free_gb:.1f} GB are free for {home.folder}, {DISK_GB_MIN} are needed: "
            "make room, or set SIEP_HOME to another disk."
        )


def _free(name: str, port: int) -> None:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        variable = f"SIEP_{name.upper()}_PORT"
        raise StackError(
            f"Port {port} ({name}) is in use: stop what holds it, "
            f"or choose another, for example {variable}={port + 10_000} make up."
        ) from error
