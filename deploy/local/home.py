"""The folder of a local stack: its data, logs, addresses and secrets (`.local`, or what `SIEP_HOME` names)."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from shared.reference import catalogue

PORTS = {"kafka": 9092, "clickhouse": 8123, "redis": 6379, "ingest": 8001, "gateway": 8000, "aggregator": 8002}
"""Where each thing listens, unless `SIEP_<NAME>_PORT` says otherwise."""


class StackError(Exception):
    """The stack cannot do what was asked; the text is one sentence that says what to do."""


@dataclass(frozen=True)
class Home:
    """Paths of one local stack. Nothing is created until `prepare`."""

    folder: Path

    @classmethod
    def of_environment(cls) -> Home:
        """The stack of this checkout, or the one that `SIEP_HOME` names."""
        return cls(Path(os.environ.get("SIEP_HOME") or ".local").resolve())

    @property
    def env_file(self) -> Path:
        """Addresses and secrets as shell assignments: `set -a; . .local/env`."""
        return self.folder / "env"

    @property
    def data(self) -> Path:
        """What must outlive the processes."""
        return self.folder / "data"

    @property
    def logs(self) -> Path:
        """One file per process."""
        return self.folder / "logs"

    @property
    def run(self) -> Path:
        """Ids, sockets and configuration of the running stack."""
        return self.folder / "run"

    def prepare(self) -> None:
        """Create the folders, for their owner alone."""
        for folder in (self.folder, self.data, self.logs, self.run):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def environment(self) -> dict[str, str]:
        """What `write_environment` wrote; empty if this stack was never started."""
        if not self.env_file.exists():
            return {}
        return dict(
            assignment.split("=", 1)
            for assignment in shlex.split(self.env_file.read_text(encoding="utf-8"), comments=True)
        )

    def ports(self) -> dict[str, int]:
        """Where this stack listens, or did last; the usual ports if it was never started."""
        known = self.environment()
        return {name: int(known.get(f"SIEP_{name.upper()}_PORT", usual)) for name, usual in PORTS.items()}

    def addresses(self, ports: Mapping[str, int]) -> dict[str, str]:
        """Where everything is and listens, as variables of the environment."""
        return {
            "SIEP_HOME": str(self.folder),
            "SIEP_KAFKA": f"127.0.0.1:{ports['kafka']}",
            "SIEP_CLICKHOUSE": f"http://127.0.0.1:{ports['clickhouse']}",
            "SIEP_REDIS": f"redis://127.0.0.1:{ports['redis']}/0",
            "SIEP_INGEST": f"http://127.0.0.1:{ports['ingest']}",
            "SIEP_GATEWAY": f"http://127.0.0.1:{ports['gateway']}",
            "SIEP_EXPORTS_DIR": str(self.data / "exports"),
            **{f"SIEP_{name.upper()}_PORT": str(port) for name, port in ports.items()},
        }

    def environment_of(self, program: str) -> Mapping[str, str]:  # noqa: ARG002 - of an ordinary home none has more
        """What this program alone finds in its environment, beside what all of them do."""
        return {}

    def write_environment(self, ports: Mapping[str, int]) -> dict[str, str]:
        """Write addresses and secrets, readable by the owner alone. A secret, once made, stays."""
        environment = self.addresses(ports) | _secrets(self.environment())
        text = "".join(f"{name}={shlex.quote(value)}\n" for name, value in environment.items())
        draft = self.env_file.with_suffix(".draft")
        draft.touch(mode=0o600)
        draft.write_text(text, encoding="utf-8")
        draft.replace(self.env_file)
        return environment


def wanted_ports() -> dict[str, int]:
    """The usual ports, each overridden by `SIEP_<NAME>_PORT`."""
    try:
        return {name: int(os.environ.get(f"SIEP_{name.upper()}_PORT") or usual) for name, usual in PORTS.items()}
    except ValueError as error:
        raise StackError(f"A SIEP_…_PORT variable must be a number ({error}).") from error


def free_ports() -> dict[str, int]:
    """A free port for each thing that listens."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in PORTS]
    found = dict(zip(PORTS, (int(one.getsockname()[1]) for one in held), strict=True))
    for one in held:
        one.close()
    return found


def _secrets(known: Mapping[str, str]) -> dict[str, str]:
    """Secrets already made, and new ones for what has none yet. Services get the hashes of the keys alone."""
    keys = json.loads(known.get("SIEP_KEYS", "{}"))
    known_codes = catalogue.load()
    for speaker in ("inpe", *known_codes.establishments, *known_codes["supervision_unit"]):
        keys.setdefault(speaker, secrets.token_urlsafe(24))
    hashes = {speaker: hashlib.sha256(key.encode()).hexdigest() for speaker, key in keys.items()}
    return {
        "SIEP_CLICKHOUSE_USER": "default",
        "SIEP_CLICKHOUSE_PASSWORD": known.get("SIEP_CLICKHOUSE_PASSWORD") or secrets.token_urlsafe(24),
        "SIEP_TOKEN_KEY": known.get("SIEP_TOKEN_KEY") or secrets.token_hex(32),
        "SIEP_STATISTICIAN_TOKEN": known.get("SIEP_STATISTICIAN_TOKEN") or secrets.token_urlsafe(24),
        "SIEP_INGEST_KEYS": json.dumps(hashes),
        "SIEP_KEYS": json.dumps(keys),
    }
