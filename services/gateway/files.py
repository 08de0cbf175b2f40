"""Finished files, by the id of their job. Each answer carries the digest of the file and the way to its manifest."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, JSONResponse, Response

from shared.contracts.export_jobs import MANIFEST, File, Job
from shared.export_ports import JobsError

_TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}

router = APIRouter()


@router.get("/files/{job_id}/{name}", response_class=FileResponse)
async def file(request: Request, job_id: str, name: str) -> Response:
    """A file or its manifest; 404 if there never was one, 410 once its time is over."""
    try:
        job: Job | None = await request.app.state.ordering.job(job_id)
    except JobsError:
        return _problem(503, "the store of jobs does not answer: ask again in a moment", {"Retry-After": "2"})
    if job is None:
        return _problem(404, "there is no such job: `orderExport` makes one and gives its id")
    found = next((one for one in job.files if one.name == name), None)
    path = request.app.state.shelf.path(job_id, name)
    if found is None or not path.is_file():
        return _without_file(job, name)
    return FileResponse(path, media_type=_TYPES[name.rpartition(".")[2]], filename=name, headers=_headers(found))


def _headers(found: File) -> dict[str, str]:
    """The same file for ever, so it need not be fetched twice; digests as RFC 9530 writes them."""
    digest = b64encode(bytes.fromhex(found.sha256)).decode()
    return {
        "ETag": f'"{found.sha256}"',
        "Repr-Digest": f"sha-256=:{digest}:",
        "Cache-Control": "private, immutable, max-age=86400",
        "Link": f'<{MANIFEST}>; rel="describedby"; type="application/json"',
    }


def _without_file(job: Job, name: str) -> Response:
    if job.status == "done":
        names = ", ".join(one.name for one in job.files)
        return _problem(404, f"this job has no file [{name}]; it has: {names}")
    if job.status == "expired":
        return _problem(410, "the file was kept for its time: order it again")
    return _problem(404, f"there is no file yet: the job is {job.status}. {job.message}".strip())


def _problem(status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"status": status, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")
