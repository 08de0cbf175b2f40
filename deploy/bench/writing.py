"""What large files cost: the rows by the engine, the file by the writer, both counted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import psutil

from deploy.bench.figures import Figure
from deploy.bench.large import large
from deploy.bench.meters import cpu_seconds, peak_megabytes
from deploy.bench.rig import Rig
from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.export_columns import of_movements
from shared.adapters.clickhouse.export_tables import ClickHouseRows, ClickHouseTables
from shared.adapters.clickhouse.figures import movements
from shared.adapters.files.forms import FORMS
from shared.contracts.export_jobs import Format
from shared.contracts.questions import LEDGER_VERSION, LogPosition
from shared.contracts.topics import PARTITIONS
from shared.runtime.settings import Settings

ROWS = 1_000_000
COLUMNS = (
    *(
        "effective_at",
        "recorded_at",
        "book",
        "cause",
        "establishment",
        "establishment_name",
        "stock_delta",
        "flow_delta",
    ),
    *("legal_status", "sex", "birth_month", "nationality", "offence", "offence_name", "schooling", "admissions"),
    *("sentence_months", "residence", "offset", "line"),
)
"""Twelve texts, two moments, six numbers."""
BUDGETS = {Format.XLSX: 10.0, Format.CSV: 8.0}
_LAST_DAY = """
SELECT min(day)
FROM (
    SELECT effective_day AS day, sum(count()) OVER (ORDER BY effective_day) AS so_far
    FROM journal_3 WHERE outcome = 'entry' GROUP BY effective_day
)
WHERE so_far >= {rows:UInt64}
"""


class Written(NamedTuple):
    """What a worker tells of the file that it wrote."""

    rows: int
    cpu_seconds: float
    peak_megabytes: float
    megabytes: float


def files(rig: Rig) -> list[Figure]:
    """Movements of the large journal as files, written by a process of its own, as a worker would."""
    settings = large(rig)
    with connect(settings) as client:
        last_day = client.query(_LAST_DAY, {"rows": ROWS}).result_rows[0][0]
    return [figure for form in BUDGETS for figure in _file(rig, settings, last_day, form)]


def _file(rig: Rig, settings: Settings, last_day: date, kind: Format) -> Iterator[Figure]:
    """One file; its cost is told for 1 M rows, as whole days hold some more."""
    path = rig.stack.home.data / f"bench.{kind}"
    engine = rig.processes()["clickhouse"]
    before, began = cpu_seconds(engine), time.monotonic()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        written = worker.submit(write, settings, last_day, kind, path).result()
    took, engine_seconds = time.monotonic() - began, cpu_seconds(engine) - before
    path.unlink()
    scale = ROWS / written.rows
    name = kind.upper()
    rig.say(f"{name}: {written.rows:,} rows, {written.megabytes:.0f} MB in {took:.1f} s")
    yield Figure(f"{name} of 1 M x 20", (written.cpu_seconds + engine_seconds) * scale, "s", BUDGETS[kind])
    yield Figure("  of it the engine", engine_seconds * scale, "s")
    yield Figure("  of it the writer", written.cpu_seconds * scale, "s")
    yield Figure("  memory of the writer, peak", written.peak_megabytes, "MB")


def write(settings: Settings, last_day: date, kind: Format, path: Path) -> Written:
    """Write the movements up to this day, twenty columns of them."""
    began = time.process_time()
    form = FORMS[kind]
    everything = LogPosition(LEDGER_VERSION, (2**63,) * PARTITIONS)
    with connect(settings) as client:
        ClickHouseTables(client, FORMS)  # sets the client up for long parameters
        fields = {field.column.key: field for field in of_movements()}
        source = movements(everything, date(1995, 1, 1), last_day)
        rows = ClickHouseRows(client, source, source, [fields[key] for key in COLUMNS], form)
        counting = _Counting(rows.blocks())
        with path.open("wb") as sink:
            form.write(sink, rows.columns, counting, [])
    used = time.process_time() - began
    return Written(counting.rows, used, peak_megabytes(psutil.Process()), path.stat().st_size / 1e6)


class _Counting:
    """Blocks that pass through, and how many rows they held."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        for block in self._blocks:
            self.rows += block.count(b"\n")
            yield block
