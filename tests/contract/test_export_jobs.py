"""What the store of export jobs promises, held against the one in memory and the one in Redis."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from threading import Thread

import pytest

from shared.adapters.redis.jobs import RedisExportJobs
from shared.contracts.export_jobs import LEASE, MAX_ATTEMPTS, PAUSE, REMEMBERED, File, Format, Movements
from shared.export_ports import ExportJobs
from tests.support.orders import POSITION, order
from tests.unit.exports.fakes import FakeExportJobs

NOW = datetime(2026, 2, 3, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ORDER = order()
ID = ORDER.key()
FILE = File(name="population.csv", bytes=10, sha256="0" * 64)
KEPT = timedelta(days=7)


@pytest.fixture(params=["memory", "redis"])
def jobs(request: pytest.FixtureRequest) -> Iterator[ExportJobs]:
    if request.param == "memory":
        yield FakeExportJobs()
        return
    store = RedisExportJobs.connect(request.getfixturevalue("valkey_address"))
    store._redis.flushdb()
    yield store
    store.close()


def test_the_same_order_is_the_same_job(jobs: ExportJobs) -> None:
    first = jobs.order(ORDER, NOW)
    assert first.status == "queued"
    assert jobs.order(order(), NOW + SECOND) == first == jobs.read(ID)


@pytest.mark.parametrize(
    "other",
    [
        order(kind=Format.XLSX),
        order(at=POSITION._replace(next_offsets=(6, *POSITION.next_offsets[1:]))),
        order(Movements(from_day=date(2025, 1, 1), to_day=date(2025, 2, 1))),
        ORDER.model_copy(update={"definitions": "0" * 12}),
    ],
)
def test_another_order_is_another_job(jobs: ExportJobs, other: object) -> None:
    assert jobs.order(ORDER, NOW).id != jobs.order(other, NOW).id  # type: ignore[arg-type]


def test_an_unknown_job_is_none(jobs: ExportJobs) -> None:
    assert jobs.read("f" * 64) is None
    assert jobs.cancel("f" * 64, NOW) is None
    assert jobs.take("f" * 64, "a", NOW) is None
    assert jobs.sweep(NOW) == []


def test_one_owner_holds_a_job(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    taken = jobs.take(ID, "a", NOW)
    assert taken is not None
    assert (taken.status, taken.attempts) == ("running", 1)
    assert jobs.take(ID, "b", NOW + LEASE - SECOND) is None
    assert not jobs.change(ID, "b", lambda job: job.heard(1, 2, NOW))


def test_a_heartbeat_keeps_the_job_and_tells_its_progress(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.take(ID, "a", NOW)
    assert jobs.change(ID, "a", lambda job: job.heard(5, 20, NOW + LEASE / 2))
    assert jobs.take(ID, "b", NOW + LEASE) is None
    running = jobs.read(ID)
    assert running is not None
    assert running.progress == 0.25


def test_an_owner_that_was_lost_is_replaced_and_may_not_go_on(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.take(ID, "a", NOW)
    taken = jobs.take(ID, "b", NOW + LEASE)
    assert taken is not None
    assert taken.attempts == 2
    assert not jobs.change(ID, "a", lambda job: job.done(3, (FILE,), NOW, KEPT))


def test_a_lost_worker_is_found_by_one_sweeper(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.sweep(NOW)
    jobs.take(ID, "a", NOW)
    assert jobs.sweep(NOW + LEASE - SECOND) == []
    ((before, after),) = jobs.sweep(NOW + LEASE)
    assert before.status == "running"
    assert after is not None
    assert after.status == "queued"
    assert jobs.sweep(NOW + LEASE) == []


def test_after_three_lost_workers_a_job_is_given_up(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    for attempt in range(MAX_ATTEMPTS):
        assert jobs.take(ID, f"owner {attempt}", NOW + LEASE * attempt)
    jobs.sweep(NOW + LEASE * MAX_ATTEMPTS)
    given_up = jobs.read(ID)
    assert given_up is not None
    assert given_up.status == "failed"
    assert "3 attempts" in given_up.message
    assert jobs.take(ID, "once more", NOW + LEASE * 9) is None


def test_a_failed_attempt_waits_before_the_next_and_says_why(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.take(ID, "a", NOW)
    jobs.change(ID, "a", lambda job: job.failed("no answer", NOW))
    assert jobs.sweep(NOW + PAUSE - SECOND) == []
    ((_, after),) = jobs.sweep(NOW + PAUSE)
    assert after is not None
    assert (after.status, after.message, after.sent) == ("queued", "no answer", 1)


def test_a_cancelled_job_is_no_longer_anybodys(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.take(ID, "a", NOW)
    cancelled = jobs.cancel(ID, NOW)
    assert cancelled is not None
    assert cancelled.status == "cancelled"
    assert not jobs.change(ID, "a", lambda job: job.done(3, (FILE,), NOW, KEPT))
    assert jobs.order(ORDER, NOW + SECOND).status == "queued"


def test_what_is_done_is_kept_then_expired_then_forgotten(jobs: ExportJobs) -> None:
    jobs.order(ORDER, NOW)
    jobs.take(ID, "a", NOW)
    assert jobs.change(ID, "a", lambda job: job.done(3, (FILE,), NOW, KEPT))
    done = jobs.cancel(ID, NOW)
    assert done is not None
    assert (done.status, done.progress, done.files) == ("done", 1.0, (FILE,))
    ((_, expired),) = jobs.sweep(NOW + KEPT)
    assert expired is not None
    assert (expired.status, expired.files) == ("expired", ())
    ((_, forgotten),) = jobs.sweep(NOW + KEPT + REMEMBERED)
    assert forgotten is None
    assert jobs.read(ID) is None


def test_many_at_once_take_a_job_once(valkey_address: str) -> None:
    store = RedisExportJobs.connect(valkey_address)
    store._redis.flushdb()
    store.order(ORDER, NOW)
    taken: list[object] = []
    threads = [Thread(target=lambda n=n: taken.append(store.take(ID, f"owner {n}", NOW))) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store.close()
    assert sum(one is not None for one in taken) == 1
