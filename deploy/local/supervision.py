"""Keeps the processes of a local stack alive with supervisord, and ends them, even when supervisord itself is gone.

Every process writes its id into `run/ids` before it becomes what it is to be, and carries `SIEP_HOME` in its
environment: by both together `Supervisor.end` knows what is ours, also after an id was given to a stranger.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Error as RpcError
from xmlrpc.client import Fault, ServerProxy

import psutil
from supervisor.xmlrpc import Faults, SupervisorTransport

import deploy
from deploy.local.home import Home, StackError
from deploy.local.programs import Program

ROOT = Path(deploy.__file__).parents[1]
SOCKET_PATH_MAX = 100  # sun_path holds 104 bytes on macOS, 108 on Linux, and supervisord adds its id for a moment

_SUPERVISORD = """\
[supervisord]
directory={root}
logfile={home.logs}/supervisord.log
logfile_maxbytes=10MB
logfile_backups=1
pidfile={home.run}/supervisord.pid
childlogdir={home.logs}

[unix_http_server]
file={home.run}/s
chmod=0600

[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""
# A process that ends is started again for ever; what ends at once is tried again later each time.
_PROGRAM = """
[program:{name}]
command={command}
environment={environment}
priority={priority}
autostart=false
autorestart=true
startsecs=1
startretries=1000000
stopwaitsecs=20
stopasgroup=true
killasgroup=true
redirect_stderr=true
stdout_logfile={home.logs}/{name}.log
stdout_logfile_maxbytes=20MB
stdout_logfile_backups=2
"""


class Supervisor:
    """The supervisord of one local stack."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._socket = home.run / "s"
        if len(os.fsencode(self._socket)) > SOCKET_PATH_MAX - 8:
            raise StackError(f"{home.folder} is too long a path for a socket: set SIEP_HOME to a shorter one.")

    def _rpc(self, method: str, *arguments: Any) -> Any:
        transport = SupervisorTransport(None, None, f"unix://{self._socket}")
        with ServerProxy("http://127.0.0.1", transport=transport) as server:
            return getattr(server.supervisor, method)(*arguments)

    def alive(self) -> bool:
        """Whether it answers."""
        try:
            return bool(self._rpc("getState")["statename"] == "RUNNING")
        except (OSError, RpcError):
            return False

    def start(self, programs: Iterable[Program], environment: Mapping[str, str]) -> None:
        """Start supervisord with these programs, none of them running yet. Raises StackError."""
        configuration = self.home.run / "supervisord.conf"
        configuration.write_text(self._configuration(programs), encoding="utf-8")
        (self.home.run / "ids").unlink(missing_ok=True)
        self._socket.unlink(missing_ok=True)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SIEP_")}
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(configuration)]
        done = subprocess.run(
            command, env={**inherited, **environment}, capture_output=True, text=True, check=False, cwd=ROOT
        )
        if done.returncode != 0:
            raise StackError(f"The supervisor did not start: {(done.stdout + done.stderr).strip()}")

    def _configuration(self, programs: Iterable[Program]) -> str:
        recording = ["/bin/sh", "-c", 'echo $$ >> "$0"; exec "$@"', str(self.home.run / "ids")]
        sections = [
            _PROGRAM.format(
                name=program.name,
                home=self.home,
                command=_escaped(shlex.join([*recording, *program.command])),
                environment=",".join(f'{name}="{_escaped(value)}"' for name, value in program.environment.items()),
                priority=priority,
            )
            for priority, program in enumerate(programs)
        ]
        return _SUPERVISORD.format(home=self.home, root=ROOT) + "".join(sections)

    def run(self, name: str) -> None:
        """Let the program of this name run; nothing happens if it does."""
        try:
            self._rpc("startProcess", name, False)  # False: do not wait until it runs
        except Fault as fault:
            if fault.faultCode != Faults.ALREADY_STARTED:
                raise StackError(f"The supervisor could not start {name}: {fault.faultString}.") from fault

    def processes(self) -> dict[str, dict[str, Any]]:
        """What supervisord says of each program, by name; empty if it does not answer."""
        try:
            found = cast("list[dict[str, Any]]", self._rpc("getAllProcessInfo"))
        except (OSError, RpcError):
            return {}
        return {one["name"]: one for one in found}

    def end(self) -> None:
        """End every process of the stack and supervisord; if it does not answer or not obey, by their ids."""
        if self.alive():
            running = self.recorded()
            self._rpc("shutdown")
            psutil.wait_procs(running, timeout=60)
        for how, seconds in ((signal.SIGTERM, 15), (signal.SIGKILL, 5)):
            left = self.recorded()
            for process in left:
                _send(process, how)
            psutil.wait_procs(left, timeout=seconds)
        if left := self.recorded():
            raise StackError(f"These processes do not end: {', '.join(str(process.pid) for process in left)}.")
        self._socket.unlink(missing_ok=True)
        (self.home.run / "ids").unlink(missing_ok=True)

    def recorded(self) -> list[psutil.Process]:
        """What runs under an id that was written down, with its children, if it carries this stack's environment."""
        files = (self.home.run / "ids", self.home.run / "supervisord.pid")
        groups = {int(line) for file in files if file.exists() for line in file.read_text(encoding="utf-8").split()}
        return [process for process in psutil.process_iter() if _belongs(process, groups, str(self.home.folder))]


def _belongs(process: psutil.Process, groups: set[int], home: str) -> bool:
    try:
        return os.getpgid(process.pid) in groups and process.environ().get("SIEP_HOME") == home
    except (psutil.Error, ProcessLookupError, PermissionError):  # gone meanwhile, or not ours
        return False


def _send(process: psutil.Process, how: signal.Signals) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(how)


def _escaped(text: str) -> str:
    return text.replace("%", "%%")
