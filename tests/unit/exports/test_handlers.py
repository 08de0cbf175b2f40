"""Making files and looking after jobs: whole or not at all, by one owner at a time, and never forgotten."""

from __future__ import annotations

import errno
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from services.exports.handlers import KEPT, Making, Sweeping
from shared.adapters.files.forms import FORMS
from shared.adapters.files.shelf import FolderShelf
from shared.contracts.export_jobs import LEASE, MAX_ATTEMPTS, PAUSE, REMEMBERED, SEND_AGAIN, Format, Job, Order
from shared.contracts.questions import LEDGER_VERSION
from shared.export_ports import JobsError, TablesError
from shared.runtime.clock import FixedClock
from tests.support.orders import POPULATION, POSITION, order
from tests.unit.exports.fakes import FakeExportJobs, FakeQueue, FakeRows, FakeTables

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
ORDER = order()
ID = ORDER.key()
CSV = "population-2025-02-28.csv"
LIMIT_SECONDS = 10


class World:
    """Everything a worker touches, for one order."""

    def __init__(self, folder: Path, asked: Order = ORDER) -> None:
        self.jobs = FakeExportJobs()
        self.clock = FixedClock(NOW)
        self.folder = folder
        self.shelf = FolderShelf(folder)
        self.queue = FakeQueue()
        self.id = self.jobs.order(asked, NOW).id

    def make(self, rows: FakeRows, owner: str = "a", jobs: FakeExportJobs | None = None) -> None:
        making = Making(jobs or self.jobs, FakeTables(rows), self.shelf, FORMS, self.clock, every_seconds=0.001)
        making.make(self.id, owner)

    def sweep(self) -> None:
        Sweeping(self.jobs, self.queue, self.shelf, self.clock).sweep()

    @property
    def job(self) -> Job:
        found = self.jobs.read(self.id)
        assert found
        return found

    @property
    def left(self) -> list[str]:
        """Every file that is there, drafts too."""
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_file_is_made_whole_with_its_manifest(world: World) -> None:
    world.make(FakeRows(b'"a"', b'"b"'))
    job = world.job
    assert (job.status, job.rows, job.progress, job.due_at) == ("done", 2, 1.0, NOW + KEPT)
    assert [file.name for file in job.files] == [CSV, "manifest.json"]
    for file in job.files:
        content = world.shelf.path(ID, file.name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (file.bytes, file.sha256)
    assert world.shelf.path(ID, CSV).read_text(encoding="utf-8-sig") == '"Nombre"\n"a"\n"b"\n'


def test_the_manifest_says_what_the_file_rests_on(world: World) -> None:
    world.make(FakeRows(b'"a"'))
    said = json.loads(world.shelf.path(ID, "manifest.json").read_text())
    assert said["sha256"] == world.job.files[0].sha256
    assert said["question"] == json.loads(POPULATION.model_dump_json())
    assert (said["job"], said["at"], said["rows"], said["truncated"]) == (ID, "2025-02-28", 1, False)
    assert (said["position"], said["ledger_version"]) == (str(POSITION), LEDGER_VERSION)
    assert said["as_known_at"] == "2026-02-01T04:59:59.999+00:00"
    assert said["title"] == {"es": "Población penal", "en": "Prison population"}
    assert said["suppressed_cells"] == 0


def test_the_same_order_made_again_gives_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for name in ("first", "second"):
        world = World(tmp_path / name, order(kind=Format.XLSX))
        world.make(FakeRows(b"<row></row>", b"<row></row>"))
        made.append(world.job.files)
    assert made[0] == made[1]


def test_a_job_that_is_told_twice_is_made_once(world: World) -> None:
    world.make(FakeRows(b'"a"'))
    world.make(FakeRows(b'"other"'), owner="b")
    assert (world.job.attempts, world.job.rows) == (1, 1)


def test_an_order_under_other_definitions_is_refused(tmp_path: Path) -> None:
    world = World(tmp_path, ORDER.model_copy(update={"definitions": "0" * 12}))
    world.make(FakeRows(b'"a"'))
    assert world.job.status == "refused"
    assert "order it again" in world.job.message


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (FakeRows(b'"a"', TablesError("no answer to the end")), "no answer to the end"),
        (FakeRows(b'"a"', estimate=2), "2 rows were counted but 1 came"),
        (FakeRows(b'"a"', OSError(errno.ENOSPC, "No space left on device")), "No space left on device"),
    ],
)
def test_what_ends_too_early_leaves_no_file_and_is_tried_again(world: World, rows: FakeRows, told: str) -> None:
    world.make(rows)
    assert (world.job.status, world.job.due_at) == ("queued", NOW + PAUSE)
    assert told in world.job.message
    assert world.left == []
    world.make(FakeRows(b'"a"', b'"b"'), owner="b")
    assert (world.job.status, world.job.attempts, world.job.rows) == ("done", 2, 2)


def test_what_fails_each_time_is_given_up_and_says_why(world: World) -> None:
    for owner in range(MAX_ATTEMPTS):
        world.make(FakeRows(TablesError("a text is longer than a cell can hold")), owner=str(owner))
    assert world.job.status == "failed"
    assert "a text is longer" in world.job.message
    assert world.left == []


def test_what_nobody_foresaw_is_raised_and_told_without_its_text(world: World) -> None:
    with pytest.raises(ZeroDivisionError):
        world.make(FakeRows(ZeroDivisionError("secret")))
    assert "worker's log" in world.job.message
    assert "secret" not in world.job.message


def until(true: Callable[[], bool]) -> Callable[[], None]:
    """Waits for a condition, with a limit."""

    def wait() -> None:
        waiting = Event()
        for _ in range(LIMIT_SECONDS * 1_000):
            if true():
                return
            waiting.wait(0.001)
        raise AssertionError("it never came true")

    return wait


def test_a_job_that_is_cancelled_stops_and_leaves_no_file(world: World) -> None:
    came: list[bytes] = []

    class Endless(FakeRows):
        def blocks(self):  # type: ignore[no-untyped-def]
            yield b'"a"\n'
            world.jobs.cancel(ID, NOW)
            for _ in range(LIMIT_SECONDS * 1_000):
                came.append(b"")
                Event().wait(0.001)
                yield b'"a"\n'

    world.make(Endless(estimate=9))
    assert world.job.status == "cancelled"
    assert world.left == []
    assert len(came) < LIMIT_SECONDS * 1_000, "it went on to the end"


def test_progress_is_told_while_the_file_is_made(world: World) -> None:
    world.make(FakeRows(b'"a"', until(lambda: world.job.rows == 1), b'"b"'))
    assert world.job.status == "done"


def test_a_store_that_does_not_answer_for_a_moment_stops_nothing(world: World) -> None:
    class Flaky(FakeExportJobs):
        refused = 0

        def change(self, job_id: str, owner: str, change: Callable[[Job], Job]) -> bool:
            if self.refused < 3:
                self.refused += 1
                raise JobsError("gone")
            return super().change(job_id, owner, change)

    world.jobs = jobs = Flaky()
    world.jobs.order(ORDER, NOW)
    world.make(FakeRows(b'"a"', until(lambda: jobs.refused == 3), until(lambda: world.job.rows == 1)))
    assert world.job.status == "done"


def test_an_owner_that_lost_the_job_changes_nothing_of_what_the_next_made(world: World) -> None:
    def replaced() -> None:
        world.clock.advance(LEASE)
        world.make(FakeRows(b'"b"'), owner="b")

    # The first does not speak in time: its thread sees the loss only when the second has made the file.
    Making(world.jobs, FakeTables(FakeRows(b'"b"', replaced)), world.shelf, FORMS, world.clock, every_seconds=60).make(
        ID, "a"
    )
    assert (world.job.status, world.job.attempts) == ("done", 2)
    assert hashlib.sha256(world.shelf.path(ID, CSV).read_bytes()).hexdigest() == world.job.files[0].sha256


def test_a_new_order_is_sent_at_the_first_sweep(world: World) -> None:
    world.sweep()
    assert world.queue.sent == [ID]
    world.sweep()
    assert world.queue.sent == [ID], "it was not due"


def test_only_an_empty_queue_shows_that_a_message_was_lost(world: World) -> None:
    world.sweep()
    world.clock.advance(SEND_AGAIN)
    world.sweep()
    assert world.queue.sent == [ID]
    world.queue.taken = 1
    world.clock.advance(SEND_AGAIN)
    world.sweep()
    assert world.queue.sent == [ID, ID]


def test_the_job_of_a_lost_worker_is_sent_again(world: World) -> None:
    world.sweep()
    world.jobs.take(ID, "a", NOW)
    world.clock.advance(LEASE)
    world.sweep()
    assert world.queue.sent == [ID, ID]
    assert world.job.status == "queued"


def test_files_go_when_their_time_is_over_and_the_job_later(world: World) -> None:
    world.make(FakeRows(b'"a"'))
    world.clock.advance(KEPT - timedelta(seconds=1))
    world.sweep()
    assert world.left
    world.clock.advance(timedelta(seconds=1))
    world.sweep()
    assert world.left == []
    assert world.job.status == "expired"
    world.clock.advance(REMEMBERED)
    world.sweep()
    assert world.jobs.read(ID) is None
    assert world.queue.sent == []


def test_what_a_job_that_was_given_up_left_is_cleared_away(world: World) -> None:
    for owner in range(MAX_ATTEMPTS):
        world.jobs.take(ID, str(owner), NOW + LEASE * owner)
    draft = world.folder / f".{ID}.2"
    draft.mkdir()
    (draft / CSV).write_text("half")
    world.clock.advance(LEASE * MAX_ATTEMPTS)
    world.sweep()
    assert world.job.status == "failed"
    assert world.left == []
