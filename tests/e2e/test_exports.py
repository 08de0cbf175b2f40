"""Files from their order to their fetching, by the real worker: also when it is killed, cancelled, or cut off."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import openpyxl
import psutil
import pytest

from services.exports.handlers import KEPT
from shared.adapters.clickhouse.client import connect
from shared.adapters.redis.jobs import RedisExportJobs
from shared.runtime.settings import Settings
from tests.support.files import digest_made_again
from tests.support.stack import RunningStack, local_stack

ENTRIES = 300_000
"""So many that a workbook of them takes some seconds."""
SECONDS_MAX = 90
WRITER = "the process that writes"
EXPORT = "id status progress rows estimate message attempts position files { name url bytes sha256 }"
ORDER = f"mutation Order($content: Content!, $format: ExportFormat!) {{ orderExport(content: $content, format: $format) {{ {EXPORT} }} }}"
SITES = {"question": {"measure": "POPULATION", "at": "2026-01-31", "by": ["ESTABLISHMENT", "SEX"]}}
EVERYTHING = {"movements": {"from": "2026-01-01", "to": "2026-02-01"}}


@dataclass
class Client:
    """Somebody with the statistician's token."""

    stack: RunningStack
    http: httpx.Client

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        answer = self.http.post("/graphql", json={"query": query, "variables": variables})
        found: dict[str, Any] = answer.json()
        return found

    def order(self, content: dict[str, Any], kind: str = "CSV") -> dict[str, Any]:
        answer = self.ask(ORDER, content=content, format=kind)
        assert "errors" not in answer, answer
        job: dict[str, Any] = answer["data"]["orderExport"]
        return job

    def job(self, job_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(f"query($id: ID!) {{ export(id: $id) {{ {EXPORT} }} }}", id=job_id)["data"]
        return found["export"]  # type: ignore[no-any-return]

    def wait(self, job_id: str, true: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        deadline = time.monotonic() + SECONDS_MAX
        while not true(job := self.job(job_id)):
            assert time.monotonic() < deadline, job
            time.sleep(0.1)
        return job

    def done(self, job_id: str) -> dict[str, Any]:
        job = self.wait(job_id, lambda job: job["status"] not in {"QUEUED", "RUNNING"})
        assert job["status"] == "DONE", job
        return job

    def half_made(self, job_id: str) -> dict[str, Any]:
        job = self.wait(job_id, lambda job: job["rows"] > 0)
        assert job["status"] == "RUNNING", "it was over too soon: the test needs more entries"
        return job

    def fetch(self, file: dict[str, Any]) -> httpx.Response:
        answer = self.http.get(file["url"])
        assert hashlib.sha256(answer.content).hexdigest() == file["sha256"]
        return answer


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with local_stack("clickhouse", "valkey", "gateway", "exports") as running:
        _fill(running)
        headers = {"Authorization": f"Bearer {running.statistician_token}"}
        with httpx.Client(base_url=running.gateway, headers=headers, timeout=30, trust_env=False) as http:
            yield Client(running, http)


def _fill(running: RunningStack) -> None:
    columns = "partition, offset, line, seq, recorded_at, outcome, book, cause, effective_at, establishment, sex, stock_delta, flow_delta"
    with connect(running.settings(Settings)) as connected:
        connected.command(
            f"INSERT INTO journal_3 ({columns}) SELECT 0, number, 1, number + 1, '2026-01-31 12:00:00', 'entry', "
            "'custody', 'admission', toDateTime64('2026-01-02 12:00:00', 3) + number, "
            "concat('ep-00', toString(number % 9 + 1)), if(number % 10 = 0, 'female', 'male'), 1, 1 "
            f"FROM numbers({ENTRIES})"
        )


def test_a_file_is_ordered_watched_and_fetched_with_its_manifest(client: Client) -> None:
    job = client.done(client.order(SITES)["id"])
    file, manifest = job["files"]
    answer = client.fetch(file)
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\N{BYTE ORDER MARK}"))))[1:]
    assert sum(int(row[-1]) for row in rows) == ENTRIES
    assert (job["progress"], job["rows"], len(rows)) == (1.0, 18, 18)
    said = client.fetch(manifest).json()
    assert (said["sha256"], said["rows"], said["position"]) == (file["sha256"], 18, job["position"])
    assert answer.headers["content-disposition"] == 'attachment; filename="population-2026-01-31.csv"'
    assert answer.headers["repr-digest"] == f"sha-256=:{b64encode(bytes.fromhex(file['sha256'])).decode()}:"
    assert answer.headers["link"] == '<manifest.json>; rel="describedby"; type="application/json"'


def test_the_same_order_is_the_same_job_and_another_format_is_not(client: Client) -> None:
    first = client.done(client.order(SITES)["id"])
    assert client.order(SITES) == first
    workbook = client.done(client.order(SITES, "XLSX")["id"])
    assert workbook["id"] != first["id"]
    book = openpyxl.load_workbook(io.BytesIO(client.fetch(workbook["files"][0]).content), read_only=True)
    rows = list(book["Datos"].iter_rows(values_only=True))
    assert (rows[1][0], rows[1][2], rows[1][3]) == ("ep-001", "female", "Mujer")
    assert sum(row[-1] for row in rows[1:]) == ENTRIES
    assert ("Filas", "18") in list(book["Procedencia"].iter_rows(values_only=True))
    book.close()


@pytest.mark.parametrize("killed", [WRITER, "the worker and all its processes"])
def test_a_killed_worker_costs_a_restart_and_no_more(client: Client, killed: str) -> None:
    period = {"from": "2026-01-01", "to": "2026-02-01" if killed == WRITER else "2026-02-02"}  # two jobs
    job_id = client.order({"movements": period}, "XLSX")["id"]
    client.half_made(job_id)
    worker = psutil.Process(client.stack.process("exports").pid)
    children = worker.children()
    if killed == WRITER:
        max(children, key=lambda child: sum(child.cpu_times()[:2])).kill()
    else:
        for process in (worker, *children):
            process.kill()
    job = client.done(job_id)
    assert job["attempts"] == 2
    assert job["files"][0]["sha256"] == digest_made_again(client.stack, job_id)
    client.fetch(job["files"][0])


def test_a_cancelled_file_is_not_made(client: Client) -> None:
    content = {"movements": {"from": "2025-12-31", "to": "2026-02-01"}}
    job_id = client.order(content, "XLSX")["id"]
    client.half_made(job_id)
    answer = client.ask("mutation($id: ID!) { cancelExport(id: $id) { status files { name } } }", id=job_id)
    assert answer["data"]["cancelExport"] == {"status": "CANCELLED", "files": []}
    refused = client.http.get(f"/files/{job_id}/movements-2025-12-31_2026-02-01.xlsx")
    assert (refused.status_code, "cancelled" in refused.json()["detail"]) == (404, True)
    exports = client.stack.settings(Settings).exports_dir
    deadline = time.monotonic() + SECONDS_MAX
    while list(exports.glob(f".{job_id}.*")):
        assert time.monotonic() < deadline, "the draft is still there"
        time.sleep(0.1)


def test_orders_outlive_a_killed_store_and_the_worker_finds_back(client: Client) -> None:
    client.stack.kill("valkey")
    content = {"question": {**SITES["question"], "at": "2026-01-30"}}
    deadline = time.monotonic() + SECONDS_MAX
    while "errors" in (answer := client.ask(ORDER, content=content, format="CSV")):
        assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE", answer
        assert time.monotonic() < deadline
        time.sleep(0.1)
    client.done(answer["data"]["orderExport"]["id"])


def test_a_file_whose_time_is_over_is_gone_and_can_be_ordered_again(client: Client) -> None:
    content = {"question": {**SITES["question"], "at": "2026-01-29"}}
    job = client.done(client.order(content)["id"])
    jobs = RedisExportJobs.connect(client.stack.environment["SIEP_REDIS"])
    jobs.sweep(datetime.now(UTC) + KEPT + timedelta(minutes=1))  # noqa: TID251 - as far ahead of the stack's clock
    jobs.close()
    gone = client.http.get(job["files"][0]["url"])
    assert (gone.status_code, gone.headers["content-type"]) == (410, "application/problem+json")
    assert "order it again" in gone.json()["detail"]
    again = client.done(client.order(content)["id"])
    assert again["files"] == job["files"]


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        ({"movements": {"from": "2026-02-01", "to": "2026-01-01"}}, "BAD_QUESTION", "from must be before to"),
        (
            {"movements": {**EVERYTHING["movements"], "establishments": ["ep-0066"]}},
            "UNKNOWN_MEMBER",
            "nearest: ep-066",
        ),
        ({"question": {"measure": "ADMISSIONS"}}, "BAD_QUESTION", "give either at, or from and to"),
        (
            {"question": {**SITES["question"], "asKnownAt": {"position": "p1.3.9999999-0-0-0-0-0-0-0-0"}}},
            "UNKNOWN_POSITION",
            "lies ahead",
        ),
    ],
)
def test_what_cannot_be_made_is_refused_when_it_is_ordered(
    client: Client, content: dict[str, Any], code: str, told: str
) -> None:
    (error,) = client.ask(ORDER, content=content, format="CSV")["errors"]
    assert (error["extensions"]["code"], told in error["message"]) == (code, True), error


def test_the_position_of_an_order_is_the_one_that_was_meant(client: Client) -> None:
    position = "p1.3.1000-0-0-0-0-0-0-0-0"
    content = {"question": {**SITES["question"], "asKnownAt": {"position": position}}}
    job = client.done(client.order(content)["id"])
    assert job["position"] == position
    manifest = json.loads(client.fetch(job["files"][1]).content)
    assert manifest["as_known_at"] == "2026-01-31T12:00:00.000+00:00"
    text = client.fetch(job["files"][0]).text
    assert sum(int(line.rpartition(",")[2]) for line in text.splitlines()[1:]) == 1_000


def test_what_does_not_exist_is_said_so(client: Client) -> None:
    assert client.ask('{ export(id: "none") { id } }')["data"] == {"export": None}
    (error,) = client.ask('mutation { cancelExport(id: "none") { id } }')["errors"]
    assert error["extensions"]["code"] == "UNKNOWN_EXPORT"
    assert client.http.get("/files/none/manifest.json").status_code == 404
    job = client.done(client.order(SITES)["id"])
    missing = client.http.get(f"/files/{job['id']}/..%2f..%2fvalkey")
    assert missing.status_code == 404
    assert client.http.get(f"/files/{job['id']}/other.csv").json()["detail"].endswith("manifest.json")
