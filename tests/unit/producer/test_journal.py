"""The journal: what is in it stays, and only ingest's word changes what is said of it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from clients.producer.facts import Row
from clients.producer.journal import Fate, SiteJournal, open_journal

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
SECRET = b"00000017"


def row(number: int, content: bytes = b'{"n": "00000017"}') -> Row:
    return Row(f"id-{number}", "release", "2026-02-03T17:05:00-05:00", content, b"digest of " + content[:6])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "ep-022.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SiteJournal]:
    with open_journal(path) as journal:
        yield journal


def states(journal: SiteJournal) -> list[str]:
    return [standing.state for standing in journal.standings()]


def test_a_row_is_taken_once_and_keeps_its_bytes(journal: SiteJournal):
    assert [journal.add(row(1), "a:1"), journal.add(row(1), "b:9")] == ["new", "known"]
    assert [(one.content, one.state) for one in journal.waiting(9)] == [(row(1).content, "waiting")]
    assert [standing.origin for standing in journal.standings()] == ["a:1"]


def test_an_id_that_says_something_else_changes_nothing(journal: SiteJournal):
    journal.add(row(1), "a:1")
    assert journal.add(row(1, b"other"), "a:2") == "other"
    assert [one.content for one in journal.waiting(9)] == [row(1).content]


@pytest.mark.parametrize("refused", ["quarantined", "rejected"])
def test_what_was_refused_may_be_said_anew_under_its_id(journal: SiteJournal, refused: str):
    journal.add(row(1), "a:1")
    [waiting] = journal.waiting(9)
    journal.settle([Fate(waiting.number, refused, "time", "in_the_future", "…")], NOW)  # type: ignore[arg-type]
    assert journal.waiting(9) == []
    assert journal.add(row(1, b"corrected"), "a:1") == "again"
    assert [one.content for one in journal.waiting(9)] == [b"corrected"]
    assert [standing.code for standing in journal.standings()] == [""]


def test_what_leaves_is_unknown_until_it_is_settled_or_stays(journal: SiteJournal):
    for number in (1, 2):
        journal.add(row(number), "a:1")
    journal.leave(journal.waiting(1))
    assert states(journal) == ["unknown", "waiting"]
    rows = journal.waiting(9)
    journal.leave(rows)
    journal.stay(rows)
    assert states(journal) == ["unknown", "waiting"], "what was sent before is unknown still"


def test_what_was_accepted_once_stays_so(journal: SiteJournal):
    journal.add(row(1), "a:1")
    [waiting] = journal.waiting(9)
    journal.settle([Fate(waiting.number, "accepted")], NOW)
    journal.settle([Fate(waiting.number, "quarantined", "time", "x", "y")], NOW)
    journal.leave([waiting])
    journal.stay([waiting])
    assert states(journal) == ["accepted"]
    assert journal.add(row(1, b"other"), "a:1") == "other"


def test_nothing_of_what_failed_in_the_middle_is_there(journal: SiteJournal):
    def fail() -> None:
        with journal.together():
            journal.add(row(1), "a:1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert states(journal) == []


DYING = """
import os, signal, sys
from pathlib import Path
from clients.producer.journal import open_journal
from clients.producer.facts import Row
with open_journal(Path(sys.argv[1])) as journal:
    for number in (1, 2):
        with journal.together():
            journal.add(Row(f"id-{number}", "release", "", b"content", b"digest"), "a:1")
            if number == 2:
                os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_kill_leaves_what_was_done_and_nothing_of_what_was_under_way(path: Path):
    dead = subprocess.run([sys.executable, "-c", DYING, str(path)], cwd=ROOT, env=dict(os.environ), check=False)
    assert dead.returncode == -9
    with open_journal(path) as journal:
        assert [standing.id for standing in journal.standings()] == ["id-1"]


def test_only_its_owner_reads_it(path: Path, journal: SiteJournal):
    with journal.together():
        journal.add(row(1), "a:1")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == dict.fromkeys(("ep-022.sqlite", "ep-022.sqlite-wal", "ep-022.sqlite-shm"), 0o600)
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(path: Path):
    path.parent.mkdir()
    path.touch(mode=0o644)
    with open_journal(path):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_purging_forgets_accepted_rows_of_before_and_knows_them_still(path: Path):
    with open_journal(path) as journal:
        for number in (1, 2, 3):
            journal.add(row(number, b'{"n": "00000017%d"}' % number * 500), "a:1")
        first, second, _ = journal.waiting(9)
        journal.settle([Fate(first.number, "accepted")], NOW)
        journal.settle([Fate(second.number, "accepted")], NOW + timedelta(days=2))
        assert journal.purge(NOW + timedelta(days=1)) == 1
        assert journal.purge(NOW + timedelta(days=1)) == 0
        assert states(journal) == ["accepted", "accepted", "waiting"]
        assert journal.add(row(1, b'{"n": "000000171"}' * 500), "a:1") == "known"
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert SECRET + b"1" not in files
    assert SECRET + b"2" in files
    assert SECRET + b"3" in files
