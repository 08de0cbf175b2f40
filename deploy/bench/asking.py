"""What the gateway adds to a figure, and what figures cost at 10 million rows of the journal.

Each example of GraphiQL that holds a figure is asked through GraphQL, and the SQL that it leads to is sent raw to the
engine, in turns: both meet the same neighbours. What the gateway adds is less than a busy machine swings, so it is
judged by CPU, and while clients keep it busy like every other process: between two questions to the engine it would
sleep, and whoever wakes up is dear (docs/decisions/0017).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple, cast

import orjson
import psutil

from deploy.bench.doors import Connection, Request, post_all, request
from deploy.bench.figures import Figure
from deploy.bench.gateways import gateway_over, remembered
from deploy.bench.large import large
from deploy.bench.meters import cpu_seconds, peak_megabytes
from deploy.bench.rig import Rig
from services.gateway import schema
from services.gateway.callers import Caller, Role
from services.gateway.handlers import Asking, Ordering
from services.gateway.pages import examples
from services.gateway.schema.context import Context
from shared.adapters.clickhouse.checkpoints import ClickHouseCheckpoints
from shared.adapters.clickhouse.client import AsyncClient, connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.clickhouse.statements import Statement, rows_of
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.adapters.redis.jobs import RedisExportJobs
from shared.contracts.questions import MAX_ROWS, Question, Table
from shared.domain.measures import Measure
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings

RUNS = 5
RUNS_OF_TABLES, BUSY_RUNS = 15, 100
"""CPU is counted in hundredths of a second, so what the gateway adds needs many tables."""
CONNECTIONS = 8
"""Of those who keep it busy, as over HTTP in the trials that the budget rests on."""
WITH_CHECKPOINT_MS, COVERED_MS, OTHERWISE_MS = 20, 50, 100
"""Of a stock on a day, from a checkpoint; of what a projection covers, and series; of others."""
_PROJECTIONS = ("by_core", "by_offence", "position")


@dataclass
class Sent:
    """What one table of an example asks of the engine; the least ms of its runs, alone."""

    table: str
    sql: str
    parameters: Any
    settings: dict[str, Any]
    projection: str = ""
    budget: float = OTHERWISE_MS
    is_table: bool = True
    ms: float = float("inf")


@dataclass
class Example:
    """An example with what it sends; the least ms of its runs, all tables at once, raw and through GraphQL."""

    name: str
    query: str
    sent: list[Sent] = field(default_factory=list)
    raw_ms: float = float("inf")
    graphql_ms: float = float("inf")

    @property
    def tables_alone(self) -> bool:
        """Whether it asks for tables and nothing else: lists of objects cost a part of their own."""
        return bool(self.sent) and all(one.is_table for one in self.sent)


def gateway(rig: Rig) -> list[Figure]:
    """The examples and their SQL on the wall, the least of some runs in turns; CPU of the gateway's process."""
    rig.start("valkey")
    settings = large(rig)
    with rig.alone("clickhouse", "valkey"):
        with gateway_over(rig, settings) as (address, process):
            found = asyncio.run(_measured(rig, settings, address))
            tables = [one for one in found if one.tables_alone]
            waiting = asyncio.run(_one_at_a_time(rig, settings, address, process, tables))
            peak = peak_megabytes(process)
        with remembered(rig, settings) as recalled, gateway_over(rig, recalled) as (address, process):
            busy = asyncio.run(_kept_busy(rig, recalled, address, process, tables))
    number = sum(len(one.sent) for one in tables)
    return [
        *(figure for one in found for figure in _figures(one)),
        *_costs("gateway kept busy", busy, BUSY_RUNS * number, 1),
        *_costs("gateway, one question at a time beside the engine", waiting, RUNS_OF_TABLES * number, None),
        Figure("memory of the gateway at 10 M rows, peak", peak, "MB"),
    ]


def _costs(name: str, used: tuple[float, float], tables: int, budget: float | None) -> Iterator[Figure]:
    """Milliseconds a table, of the CPU seconds that the gateway and a raw client used for so many."""
    of_gateway, of_client = (seconds / tables * 1_000 for seconds in used)
    yield Figure(f"{name}, CPU per table beyond a bare client's", of_gateway - of_client, "ms", budget)
    yield Figure("  of the gateway's process", of_gateway, "ms")
    yield Figure("  of a client that sends the SQL raw", of_client, "ms")


def _figures(one: Example) -> Iterator[Figure]:
    for sent in one.sent:
        yield Figure(
            f"{one.name}, SQL of {sent.table}, {sent.projection or 'no projection'}", sent.ms, "ms", sent.budget
        )
    yield Figure(f"{one.name}, through GraphQL", one.graphql_ms, "ms")
    if one.sent:
        yield Figure("  the same SQL sent raw", one.raw_ms, "ms")
        yield Figure("  GraphQL / raw", one.graphql_ms / one.raw_ms, "×")


async def _measured(rig: Rig, settings: Settings, address: str) -> list[Example]:
    """The examples with their times."""
    token = rig.environment["SIEP_STATISTICIAN_TOKEN"]
    connection = await Connection.open(address)
    async with await connect_async(settings) as client:
        with closing(RedisExportJobs.connect(settings.redis)) as jobs:
            checkpoints = ClickHouseCheckpoints(client)
            # Known from now on: what is asked at once is sent in its order.
            await checkpoints.under([date(2026, 1, 31)], None)
            prepared = [await _prepared(client, checkpoints, jobs, *one) for one in examples().items()]
        found = [one for one in prepared if any(sent.is_table for sent in one.sent)]
        for one in found:  # parsed, planned and read once before it is measured
            await _ask(connection, address, token, one)
        for number in range(RUNS):
            for one in found:
                await _run_raw(client, one)
                one.graphql_ms = min(one.graphql_ms, await _timed(_ask(connection, address, token, one)))
            rig.say(f"examples, run {number + 1} of {RUNS}")
    await connection.close()
    return found


async def _one_at_a_time(
    rig: Rig, settings: Settings, address: str, process: psutil.Process, tables: list[Example]
) -> tuple[float, float]:
    """CPU seconds of the gateway and of a raw client, each asked again when it has answered."""
    token = rig.environment["SIEP_STATISTICIAN_TOKEN"]
    connection = await Connection.open(address)
    before = cpu_seconds(process)
    for one in tables * RUNS_OF_TABLES:
        await _ask(connection, address, token, one)
    of_gateway = cpu_seconds(process) - before
    await connection.close()
    rig.say(f"examples that are tables alone, {RUNS_OF_TABLES} times through GraphQL")
    async with await connect_async(settings) as client:
        began = time.process_time()
        for one in tables * RUNS_OF_TABLES:
            await _send_all(client, one)
        of_client = time.process_time() - began
    return of_gateway, of_client


async def _kept_busy(
    rig: Rig, settings: Settings, address: str, process: psutil.Process, tables: list[Example]
) -> tuple[float, float]:
    """CPU seconds of the gateway and of a raw client, each with so many connections that always want something."""
    token = rig.environment["SIEP_STATISTICIAN_TOKEN"]
    connection = await Connection.open(address)
    for one in tables:  # remembered from now on
        await _ask(connection, address, token, one)
    await connection.close()
    before = cpu_seconds(process)
    await post_all(address, [_request(address, token, one) for one in tables] * BUSY_RUNS, CONNECTIONS, 200)
    of_gateway = cpu_seconds(process) - before
    rig.say(f"examples that are tables alone, {BUSY_RUNS} times through GraphQL, the engine's answers remembered")
    remaining = iter(tables * BUSY_RUNS)
    async with await connect_async(settings) as client:

        async def go_on() -> None:
            for one in remaining:
                await _send_all(client, one)

        began = time.process_time()
        await asyncio.gather(*(go_on() for _ in range(CONNECTIONS)))
        of_client = time.process_time() - began
    return of_gateway, of_client


def _request(address: str, token: str, one: Example) -> Request:
    return request(address, "/graphql", token, "application/json", orjson.dumps({"query": one.query}))


async def _ask(connection: Connection, address: str, token: str, one: Example) -> None:
    said = orjson.loads(await connection.post(_request(address, token, one), 200))
    if said.get("errors"):
        raise RuntimeError(f"{one.name}: {said['errors'][0]['message']}")


async def _run_raw(client: AsyncClient, one: Example) -> None:
    """Each table alone, then all of the example at once, as the gateway does."""
    for sent in one.sent:
        sent.ms = min(sent.ms, await _timed(_send(client, sent)))
    one.raw_ms = min(one.raw_ms, await _timed(_send_all(client, one)))


async def _send_all(client: AsyncClient, one: Example) -> None:
    await asyncio.gather(*(_send(client, sent) for sent in one.sent))


async def _send(client: AsyncClient, sent: Sent) -> bytes:
    return await client.raw_query(sent.sql, sent.parameters, settings=sent.settings, fmt="JSONCompactEachRow")


async def _timed(work: Awaitable[object]) -> float:
    began = time.perf_counter()
    await work
    return (time.perf_counter() - began) * 1_000


async def _prepared(
    client: AsyncClient, checkpoints: ClickHouseCheckpoints, jobs: RedisExportJobs, name: str, query: str
) -> Example:
    """An example with what the gateway sends for it, written down while its own schema answers it here."""
    recording = _Recording(client, checkpoints)

    async def connected() -> AsyncClient:
        return client

    context = Context(
        Caller(Role.STATISTICIAN),
        Asking(recording, SystemClock()),
        Ordering(recording, jobs, SystemClock()),
        ClickHouseReceipts(connected, KafkaLogEnds("")),
    )
    gateway_schema = schema.build()
    await gateway_schema.execute(query, context_value=context)
    recording.client.sent.clear()  # a gateway that was asked before remembers how establishments stood
    answer = await gateway_schema.execute(query, context_value=context)
    if answer.errors:
        raise RuntimeError(f"{name}: {answer.errors[0]}")
    one = Example(name.removesuffix(".graphql"), query)
    for (table, said), sent in zip((answer.data or {}).items(), recording.client.sent, strict=False):
        projection = await _projection(client, sent.rows)
        budget = sent.budget if projection else OTHERWISE_MS
        one.sent.append(
            Sent(table, sent.whole.sql, sent.whole.parameters, sent.settings, projection, budget, "rows" in said)
        )
    return one


async def _projection(client: AsyncClient, asked: Statement) -> str:
    """The projection that rows are counted from, or nothing; a subquery for a single value is not in the plan."""
    plan = (await client.raw_query(f"EXPLAIN {asked.sql}", asked.parameters)).decode()
    return next((name for name in _PROJECTIONS if f"({name})" in plan), "")


class _Recorded(NamedTuple):
    """What was sent, the query of its rows where that is a part, and its budget if a projection covers that."""

    whole: Statement
    settings: dict[str, Any]
    rows: Statement
    budget: float


class _RecordingClient:
    """A client that writes down what it is asked to send."""

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self.sent: list[_Recorded] = []
        self.next: tuple[Statement, float] | None = None

    async def raw_query(self, sql: str, parameters: dict[str, object], *, settings: dict[str, Any], fmt: str) -> bytes:
        """Send it, and remember it."""
        whole = Statement(sql, parameters)
        self.sent.append(_Recorded(whole, settings, *(self.next or (whole, COVERED_MS))))
        self.next = None
        return await self._client.raw_query(sql, parameters, settings=settings, fmt=fmt)


class _Recording(ClickHouseFigures):
    """The gateway's own figures over a client that writes down."""

    def __init__(self, client: AsyncClient, checkpoints: ClickHouseCheckpoints) -> None:
        self.client = _RecordingClient(client)
        super().__init__(cast("AsyncClient", self.client), checkpoints=checkpoints)

    async def answer(self, question: Question, *, max_rows: int = MAX_ROWS) -> Table:
        """See shared.ports.Figures."""
        base = await self._base(question)
        budget = OTHERWISE_MS if question.measure is Measure.BALANCE else COVERED_MS
        if base and budget == COVERED_MS and not question.interval:
            budget = WITH_CHECKPOINT_MS
        self.client.next = (rows_of(question, LEDGER, base), budget)  # sent before anybody else has a turn
        return await super().answer(question, max_rows=max_rows)
