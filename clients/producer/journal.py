"""The journal of an establishment: every row that it was told of, with its fate, in a file that survives any kill.

A row is written with its id and its only bytes before anything is sent, and is marked as unknown before its first byte
leaves; so whatever happens, a row is sent again as it was, and never under another id. The fold counts a (source, id)
once for ever, so sending again cannot double.

The file holds documents of persons: it is for its owner alone, and what is purged is overwritten.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from clients.producer.facts import Row

State = Literal["waiting", "unknown", "accepted", "quarantined", "rejected"]
Added = Literal["new", "known", "again", "other"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS row (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  time TEXT NOT NULL,
  origin TEXT NOT NULL,
  content BLOB,  -- NULL once purged
  digest BLOB NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting',
  field TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  expected TEXT NOT NULL DEFAULT '',
  settled_at TEXT
) STRICT;
CREATE INDEX IF NOT EXISTS row_to_send ON row (number) WHERE state IN ('waiting', 'unknown');
"""


class Waiting(NamedTuple):
    """A row to be sent; `content` is its line without the end."""

    number: int
    content: bytes
    state: State


class Fate(NamedTuple):
    """What ingest said of a row; the last three are empty if it was accepted."""

    number: int
    state: State
    field: str = ""
    code: str = ""
    expected: str = ""


class Standing(NamedTuple):
    """A row as `status` shows it: nothing in it names a person."""

    origin: str
    kind: str
    time: str
    id: str
    state: State
    field: str
    code: str
    expected: str


class SiteJournal:
    """The rows of one establishment on one machine."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What is done inside is on disk afterwards, all of it, or none of it if it fails or the machine stops."""
        self._database.execute("BEGIN IMMEDIATE")
        with self._database:
            yield

    def add(self, row: Row, origin: str) -> Added:
        """Take a row from `origin`, the file and line where it stands.

        `new`; `known` with the same content; `again` if ingest had refused it, now with this content; or `other`: its
        id says something else already, and nothing was changed.
        """
        query = "SELECT content, digest, state FROM row WHERE id = ?"
        found = self._database.execute(query, (row.id,)).fetchone()
        said = (row.kind, row.time, origin, row.content, row.digest)
        if found is None:
            insert = "INSERT INTO row (kind, time, origin, content, digest, id) VALUES (?, ?, ?, ?, ?, ?)"
            self._database.execute(insert, (*said, row.id))
            return "new"
        content, digest, state = found
        if state in ("quarantined", "rejected"):  # such a twin does not make its correction a duplicate
            correct = """UPDATE row SET kind = ?, time = ?, origin = ?, content = ?, digest = ?,
                         state = 'waiting', field = '', code = '', expected = '' WHERE id = ?"""
            self._database.execute(correct, (*said, row.id))
            return "again"
        return "known" if row.content == content or (content is None and row.digest == digest) else "other"

    def waiting(self, most: int) -> list[Waiting]:
        """The first rows whose fate is not known, in the order in which they were added."""
        query = "SELECT number, content, state FROM row WHERE state IN ('waiting', 'unknown') ORDER BY number LIMIT ?"
        return [Waiting(*found) for found in self._database.execute(query, (most,))]

    def leave(self, rows: Sequence[Waiting]) -> None:
        """These are about to be sent: until an answer comes, nobody knows what became of them."""
        self._mark("unknown", "waiting", rows)

    def stay(self, rows: Sequence[Waiting]) -> None:
        """Nothing of these was sent after all; of those that were sent before, it is still unknown."""
        self._mark("waiting", "unknown", [row for row in rows if row.state == "waiting"])

    def _mark(self, state: State, before: State, rows: Sequence[Waiting]) -> None:
        with self.together():
            change = "UPDATE row SET state = ? WHERE number = ? AND state = ?"
            self._database.executemany(change, [(state, row.number, before) for row in rows])

    def settle(self, fates: Iterable[Fate], now: datetime) -> None:
        """Write down what ingest said; what it has accepted once stays accepted."""
        change = """UPDATE row SET state = ?, field = ?, code = ?, expected = ?, settled_at = ?
                    WHERE number = ? AND state <> 'accepted'"""
        with self.together():
            self._database.executemany(change, [(*fate[1:], now.isoformat(), fate.number) for fate in fates])

    def standings(self) -> Iterator[Standing]:
        """Every row with its fate, in the order in which they were added."""
        query = f"SELECT {', '.join(Standing._fields)} FROM row ORDER BY number"  # noqa: S608 - names of columns
        return (Standing(*found) for found in self._database.execute(query))

    def purge(self, before: datetime) -> int:
        """Forget what the rows accepted before this moment say, and return how many; their ids and fates stay.

        Their keyed digests stay too, so that the same row is still known when it comes again. What was forgotten is
        overwritten in the file; it is gone from the file beside it once no other program has the journal open.
        """
        change = "UPDATE row SET content = NULL WHERE state = 'accepted' AND settled_at < ? AND content IS NOT NULL"
        with self.together():
            count = self._database.execute(change, (before.isoformat(),)).rowcount
        self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return count


@contextlib.contextmanager
def open_journal(path: Path) -> Iterator[SiteJournal]:
    """The journal in this file, made if it is not there. Raises OSError or sqlite3.Error."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    path.chmod(0o600)  # the files that SQLite lays beside it take its mode
    database = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_SCHEMA)
        yield SiteJournal(database)
    finally:
        database.close()
