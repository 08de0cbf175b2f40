"""Keeps tests off the network: the pure suites open no socket at all, the others reach this machine alone."""

from __future__ import annotations

import ipaddress
import socket
import sys
from dataclasses import dataclass

PURE_SUITES = ("unit", "spec", "property", "simulation")
_WATCHED = {"socket.connect", "socket.bind", "socket.sendto"}


class NetworkForbiddenError(RuntimeError):
    """A test went where its suite must not go."""


@dataclass
class Guard:
    """Refuses what the running test must not do. Once installed it watches until the interpreter ends."""

    pure: bool = False

    def install(self) -> None:
        """Watch every socket of this interpreter, by the hook that Python itself calls before it acts."""
        sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[object, ...]) -> None:
        if event in _WATCHED:
            self._judge(*arguments[:2])
        elif event == "socket.getaddrinfo":
            self._refuse_unless_here(arguments[0])

    def _judge(self, opened: object, address: object) -> None:
        if isinstance(opened, socket.socket) and opened.family in (socket.AF_INET, socket.AF_INET6):
            self._refuse_unless_here(address[0] if isinstance(address, tuple) else address)

    def _refuse_unless_here(self, host: object) -> None:
        if self.pure:
            raise NetworkForbiddenError(f"this suite opens no socket, but something asked for {host!r}")
        if not _here(host):
            raise NetworkForbiddenError(f"tests reach this machine alone, but something asked for {host!r}")


def _here(host: object) -> bool:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(name)).is_loopback
    except ValueError:
        return False
