"""Connections of chDB: one of its own for a request, a kept one for a session."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import chdb

from deploy.local.bridge.request import BadRequestError, Call

_DEFAULT_SECONDS = "60"  # ClickHouse's default_session_timeout
_SETTING = re.compile(r"\w+")
_UNKNOWN_SETTING, _SESSION_NOT_FOUND, _SESSION_IS_LOCKED = 115, 372, 373


class Connections:
    """Lends connections to an engine that is open already. A session serves one request at a time, as on a server."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._idle: dict[str, tuple[Any, float]] = {}

    @contextmanager
    def lend(self, call: Call) -> Iterator[Any]:
        """A connection under the call's settings and database. Raises BadRequestError for a session it cannot have."""
        session = call.params.get("session_id")
        if session:
            with self._session(session, call) as connection, _restored(connection, call):
                _configure(connection, call)
                yield connection
        else:
            with chdb.connect(self._path) as connection:
                _configure(connection, call)
                yield connection

    def close(self) -> None:
        """Close every session."""
        with self._lock:
            for connection, _ in self._idle.values():
                connection.close()
            self._idle.clear()

    @contextmanager
    def _session(self, session: str, call: Call) -> Iterator[Any]:
        connection = self._take(session, must_exist=call.params.get("session_check") == "1")
        try:
            yield connection
        finally:
            until = time.monotonic() + float(call.params.get("session_timeout", _DEFAULT_SECONDS))
            with self._lock:
                self._busy.remove(session)
                self._idle[session] = (connection, until)

    def _take(self, session: str, *, must_exist: bool) -> Any:
        with self._lock:
            self._forget_expired()
            if session in self._busy:
                raise BadRequestError(f"Session [{session}] is locked by a concurrent client", _SESSION_IS_LOCKED)
            if must_exist and session not in self._idle:
                raise BadRequestError(f"Session [{session}] not found", _SESSION_NOT_FOUND)
            connection, _ = self._idle.pop(session, None) or (chdb.connect(self._path), 0.0)
            self._busy.add(session)
            return connection

    def _forget_expired(self) -> None:
        now = time.monotonic()
        for session in [session for session, (_, until) in self._idle.items() if until < now]:
            self._idle.pop(session)[0].close()


def _configure(connection: Any, call: Call) -> None:
    if settings := call.settings():
        connection.query("SET " + ", ".join(f"{_name(name)} = {literal(value)}" for name, value in settings.items()))
    if database := call.params.get("database"):
        connection.query(f"USE {identifier(database)}")


@contextmanager
def _restored(connection: Any, call: Call) -> Iterator[None]:
    """What the URL sets holds for its request only; what a statement sets stays with the session."""
    names = [literal(name) for name in call.settings() if not name.startswith("param_")]
    before = _settings(connection, names)
    database = connection.query("SELECT currentDatabase()", "TSVRaw").bytes().decode().rstrip("\n")
    try:
        yield
    finally:
        for table in call.tables():
            connection.query(f"DROP TEMPORARY TABLE IF EXISTS {identifier(table.name)}")
        if before:
            connection.query(f"SET {before}")
        if "database" in call.params:
            connection.query(f"USE {identifier(database)}")


def _settings(connection: Any, names: list[str]) -> str:
    """The assignments that bring these settings back to what they are now."""
    if not names:
        return ""
    query = f"SELECT name, value, changed FROM system.settings WHERE name IN ({', '.join(names)})"  # noqa: S608 - quoted
    rows = map(json.loads, connection.query(query, "JSONCompactEachRow").bytes().splitlines())
    return ", ".join(f"{name} = {literal(value) if changed else 'DEFAULT'}" for name, value, changed in rows)


def literal(text: str) -> str:
    """A string of SQL. The engine turns it into whatever type a setting has."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def identifier(name: str) -> str:
    """A quoted name of SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def _name(setting: str) -> str:
    if not _SETTING.fullmatch(setting):
        raise BadRequestError(f"Unknown setting [{setting}]: a name has letters, digits and _", _UNKNOWN_SETTING)
    return setting
