"""Files of exports, made again without anything of what made them first."""

from __future__ import annotations

import hashlib
import io
from contextlib import closing

from services.exports.manifest import Basis
from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.export_tables import ClickHouseTables
from shared.adapters.files.forms import FORMS
from shared.adapters.redis.jobs import RedisExportJobs
from shared.contracts.export_jobs import Order
from shared.runtime.settings import Settings
from tests.support.stack import RunningStack


def digest_made_again(stack: RunningStack, job_id: str) -> str:
    """The SHA-256 of the file of this job, its rows read and written here in one go."""
    order = _order_of(stack, job_id)
    with connect(stack.settings(Settings)) as connected:
        rows = ClickHouseTables(connected, FORMS).rows(order)
        basis = Basis(order, rows.columns, rows.count(), rows.recorded_until())
        sink = io.BytesIO()
        FORMS[order.format].write(sink, rows.columns, rows.blocks(), basis.lines())
    return hashlib.sha256(sink.getvalue()).hexdigest()


def _order_of(stack: RunningStack, job_id: str) -> Order:
    with closing(RedisExportJobs.connect(stack.environment["SIEP_REDIS"])) as jobs:
        job = jobs.read(job_id)
    assert job, f"nobody ordered {job_id}"
    return job.order
