"""chDB as the engine of a server: runs one call from its start to its end.

A connection of chDB has its own settings, database and temporary tables, so nothing of a request leaks into the next.
A stream of chDB must be read and closed in the thread that opened it, else the process may hang: `run` is a generator
that one thread drives and closes.
"""

from __future__ import annotations

import fcntl
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import chdb

from deploy.local.bridge.connections import Connections, identifier
from deploy.local.bridge.request import Call
from deploy.local.bridge.statement import INPUT_TABLE, Statement, read

# chDB hands out a stream in pieces that each stand for themselves; only these formats may be joined from pieces.
_JOINABLE = {"Native", "RowBinary", "CSV", "TSV", "TSVRaw", "TabSeparated", "TabSeparatedRaw", "JSONEachRow"}
_STREAMED = {b"SELECT", b"WITH", b"FROM"}
_ANSWERED = _STREAMED | {b"CHECK", b"DESC", b"DESCRIBE", b"EXISTS", b"EXPLAIN", b"KILL", b"SHOW"}


class EngineUnavailableError(Exception):
    """The folder cannot be opened; the text says what to do."""


@dataclass(frozen=True)
class Answer:
    """The beginning of what a call gives back. `format` is None if it has no result set."""

    format: str | None
    body: bytes
    summary: dict[str, str] = field(default_factory=dict)


class Engine:
    """The engine on a folder, which no other process may have open. Raises EngineUnavailableError."""

    def __init__(self, path: Path) -> None:
        path.mkdir(parents=True, exist_ok=True)
        _refuse_if_open(path)
        try:
            self._root = chdb.connect(str(path))  # open for as long as the process: the others then open in 0.1 ms
        except RuntimeError as error:
            raise EngineUnavailableError(f"ClickHouse cannot open {path}: {error}") from error
        self._connections = Connections(str(path))
        self._formats = frozenset(self._column("SELECT lower(name) FROM system.formats"))
        self.timezone = self._column("SELECT timezone()")[0].decode()

    def close(self) -> None:
        """Close the folder; what is still running keeps it open until it ends."""
        self._connections.close()
        self._root.close()

    def run(self, call: Call) -> Generator[Answer | bytes, None, None]:
        """One Answer, then the pieces that follow it. Raises BadRequestError, and what chDB raises."""
        statement = read(*call.parts(), self._formats)
        with self._connections.lend(call) as connection:
            for table in call.tables():
                _fill(connection, table.name, table.structure, table.format, table.data)
            if statement.data is not None:
                yield _insert(connection, statement, statement.data)
                return
            name = statement.format or call.params.get("default_format", "TabSeparated")
            if statement.kind in _STREAMED and name in _JOINABLE:
                yield from _stream(connection, statement.text, name)
            else:
                yield _whole(connection, statement, name)

    def _column(self, query: str) -> list[bytes]:
        lines: bytes = self._root.query(query, "TSVRaw").bytes()
        return lines.splitlines()


def _insert(connection: Any, statement: Statement, data: bytes) -> Answer:
    if statement.structure is None:
        return Answer(None, b"", _append(connection, statement.text, statement.format, data))
    _fill(connection, INPUT_TABLE, statement.structure, statement.format, data)
    try:
        return _whole(connection, statement, "Null")
    finally:
        connection.query(f"DROP TEMPORARY TABLE {INPUT_TABLE}")


def _fill(connection: Any, name: str, structure: str, data_format: str | None, data: bytes) -> None:
    connection.query(f"CREATE TEMPORARY TABLE {identifier(name)} ({structure})")
    _append(connection, f"INSERT INTO {identifier(name)}", data_format, data)


def _append(connection: Any, text: bytes | str, data_format: str | None, data: bytes) -> dict[str, str]:
    with connection.send_insert(text, data_format) as inserter:
        inserter.append(data)
        written = inserter.finish()
    return _summary(written_rows=written.rows_written, written_bytes=written.bytes_written, seconds=written.elapsed)


def _whole(connection: Any, statement: Statement, name: str) -> Answer:
    result = connection.query(statement.text, name)
    body = result.bytes()
    return Answer(name if body or statement.kind in _ANSWERED else None, body, _summary_of(result))


def _stream(connection: Any, text: bytes, name: str) -> Iterator[Answer | bytes]:
    with connection.send_query(text, name) as stream:
        piece = stream.fetch()
        yield Answer(name, b"", _summary()) if piece is None else Answer(name, piece.bytes(), _summary_of(piece))
        while (piece := stream.fetch()) is not None:  # None again and again, once the stream is at its end
            yield piece.bytes()


def _summary_of(result: Any) -> dict[str, str]:
    return _summary(
        read_rows=result.storage_rows_read(),
        read_bytes=result.storage_bytes_read(),
        written_rows=result.rows_written(),
        written_bytes=result.bytes_written(),
        result_rows=result.rows_read(),
        result_bytes=result.bytes_read(),
        seconds=result.elapsed(),
    )


def _summary(seconds: float = 0.0, **counts: int) -> dict[str, str]:
    names = ("read_rows", "read_bytes", "written_rows", "written_bytes", "result_rows", "result_bytes")
    numbers = {name: counts.get(name, 0) for name in names}
    return {name: str(number) for name, number in {**numbers, "elapsed_ns": int(seconds * 1e9)}.items()}


def _refuse_if_open(path: Path) -> None:
    """The engine locks its file `status`; asked for a second time it would fail with a page of text."""
    with suppress(FileNotFoundError), (path / "status").open() as status:
        try:
            fcntl.flock(status, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = status.readline().strip()
            raise EngineUnavailableError(
                f"{path} is open in another process ({owner}): stop that one, or give another --path"
            ) from None
