"""The bridge as a server: parameters, tables that come with a query, who may ask, the guarded insert, stop and start."""

from __future__ import annotations

import asyncio
import datetime as dt
import http.client
import signal
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import lz4.frame
import pyarrow as pa
import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError, DatabaseError
from clickhouse_connect.driver.external import ExternalData

from tests.support.bridge import PASSWORD, USER, Bridge


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    running = Bridge(tmp_path_factory.mktemp("bridge") / "data").start()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="module")
def client(bridge: Bridge) -> Iterator[Client]:
    with bridge.client() as made:
        yield made


@pytest.fixture
async def async_client(bridge: Bridge) -> AsyncIterator[AsyncClient]:
    made = await bridge.async_client()
    yield made
    await made.close()


# Parameters, settings, external tables

ENDLESS = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000) SETTINGS max_threads = 1"
AWKWARD = "a'b\"c`d\\e\tf\ng\r\0é{x:String} ;--"


@pytest.mark.parametrize("form", [False, True])
async def test_parameters_reach_the_engine_as_they_are(bridge: Bridge, form):
    values = {
        "text": AWKWARD,
        "texts": [AWKWARD, ""],
        "numbers": [1, 2],
        "none": None,
        "moment": dt.datetime(2026, 1, 31, 23, 59, 59, tzinfo=dt.UTC),
        "schema": "system",
        "name": "one",
    }
    query = """SELECT {text:String}, {texts:Array(String)}, {numbers:Array(UInt8)}, {none:Nullable(String)},
        {moment:DateTime('UTC')}, dummy FROM {schema:Identifier}.{name:Identifier}"""
    expected = (AWKWARD, [AWKWARD, ""], [1, 2], None)
    with bridge.client(form_encode_query_params=form) as sync_client:
        assert sync_client.query(query, values).first_row[:4] == expected
    made = await bridge.async_client(form_encode_query_params=form)
    assert (await made.query(query, values)).first_row[:4] == expected
    await made.close()


def test_many_parameters_do_not_fit_into_a_url_and_arrive(client: Client):
    names = [f"person {n}" for n in range(5_000)]
    assert client.query("SELECT length({names:Array(String)})", {"names": names}).first_row == (5_000,)


async def test_parameters_of_an_insert(async_client: AsyncClient):
    await async_client.command("CREATE TABLE `odd name` (n UInt8) ENGINE = MergeTree ORDER BY n")
    await async_client.command("INSERT INTO {t:Identifier} VALUES ({n:UInt8})", {"t": "odd name", "n": 5})
    await async_client.command("INSERT INTO {t:Identifier} FORMAT CSV", {"t": "odd name"}, data="6\n")
    assert (await async_client.query("SELECT sum(n) FROM `odd name`")).first_row == (11,)


async def test_settings_hold_for_their_request(client: Client, async_client: AsyncClient):
    with pytest.raises(DatabaseError) as caught:
        client.query(ENDLESS, settings={"max_execution_time": 1})
    assert caught.value.code == 159
    read = "SELECT getSetting('max_result_rows'), getSetting('log_comment')"
    told = await async_client.query(read, settings={"max_result_rows": 9, "log_comment": "it's"})
    assert told.first_row == (9, "it's")
    assert (await async_client.query(read)).first_row == (0, "")
    with pytest.raises(DatabaseError, match="no_such_setting"):
        client.command("SELECT 1", settings={"no_such_setting": 1})


@pytest.mark.parametrize("name", ["role", "no such = 1, setting"])
def test_what_it_does_not_know_is_refused(bridge: Bridge, name):
    _, headers, _ = bridge.get("SELECT 1", **{name: "x"})
    assert headers["X-ClickHouse-Exception-Code"] == "115"


async def test_tables_that_come_with_a_query(client: Client, async_client: AsyncClient):
    tables = ExternalData(
        file_name="people.csv", data=b"1,ana\n2,luz\n", fmt="CSV", structure=["id UInt8", "name String"]
    )
    tables.add_file(file_name="sums", data=b"1\t2.50\n", types=["UInt8", "Decimal(9, 2)"])
    query = "SELECT name, toString(_2), {x:String} FROM people JOIN sums ON id = _1"
    assert client.query(query, {"x": "y"}, external_data=tables).result_rows == [("ana", "2.5", "y")]
    assert (await async_client.query(query, {"x": "y"}, external_data=tables)).result_rows == [("ana", "2.5", "y")]
    with pytest.raises(DatabaseError, match="people"):
        client.query("SELECT * FROM people")


def test_what_the_headers_say(bridge: Bridge, client: Client):
    _, headers, _ = bridge.get("SELECT 1", query_id="mine")
    assert headers["X-ClickHouse-Query-Id"] == "mine"
    assert headers["X-ClickHouse-Timezone"] == client.command("SELECT timezone()")
    summary = client.query("SELECT * FROM numbers(10)").summary
    assert (summary["read_rows"], summary["result_rows"]) == ("10", "10")


# Who may ask

BASIC = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
KEY = PASSWORD.encode().decode("latin-1")  # headers carry bytes


@pytest.mark.parametrize(
    ("headers", "params", "status"),
    [
        ({"Authorization": f"Basic {BASIC}"}, {}, 200),
        ({"X-ClickHouse-User": USER, "X-ClickHouse-Key": KEY}, {}, 200),
        ({}, {"user": USER, "password": PASSWORD}, 200),
        ({}, {}, 403),
        ({}, {"user": USER, "password": ""}, 403),
        ({"X-ClickHouse-User": "other", "X-ClickHouse-Key": KEY}, {}, 403),
        ({"Authorization": "Basic ?"}, {}, 403),
        ({"Authorization": "Bearer x"}, {}, 403),
    ],
)
def test_who_may_ask(bridge: Bridge, headers, params, status):
    answered, told, body = bridge.get("SELECT 1", headers, **params)
    assert answered == status
    assert told["X-ClickHouse-Exception-Code"] == ("516" if status == 403 else None)
    assert PASSWORD.encode() not in body


def test_it_listens_on_this_machine_alone(bridge: Bridge):
    table = "".join(Path(f"/proc/{bridge.process.pid}/net/{kind}").read_text() for kind in ("tcp", "tcp6"))
    rows = [line.split() for line in table.splitlines()]
    listening = [row[1] for row in rows if len(row) > 3 and row[3] == "0A" and row[1].endswith(f":{bridge.port:04X}")]
    assert listening == [f"0100007F:{bridge.port:04X}"]


# The guarded insert: INSERT … SELECT … FROM input()

JOURNAL = """CREATE TABLE journal (offset UInt64, at DateTime64(3, 'UTC'), kind Enum8('' = 0, 'in' = 1), delta Int8,
    PROJECTION by_kind (SELECT kind, sum(delta), maxOrNull(offset) GROUP BY kind))
ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY offset SETTINGS non_replicated_deduplication_window = 1000"""
APPEND = r"""-- refuses by itself where input('is not here')
INSERT INTO {journal:Identifier} (offset, at, kind, delta) SETTINGS insert_deduplication_token = '%s',
    deduplicate_insert_select = 'force_enable', max_insert_threads = 1, max_threads = 1,
    max_partitions_per_insert_block = 1, max_block_size = 1000000, min_insert_block_size_rows = 1000000
SELECT offset, at, kind, {delta:Int8}
FROM input('offset UInt64, at DateTime64(3, \'UTC\'), kind Enum8(\'\' = 0, \'in\' = 1)')
WHERE throwIf((SELECT ifNull(maxOrNull(offset) + 1, 0) FROM {journal:Identifier}) <> {next:UInt64}, 'has moved') = 0
FORMAT %s"""


@pytest.fixture
def journal(client: Client) -> Iterator[str]:
    client.command(JOURNAL)
    yield "journal"
    client.command("DROP TABLE journal")


def batch(begin: int, rows: int, month: int = 1) -> bytes:
    moments = pa.array([dt.datetime(2026, month, 5, tzinfo=dt.UTC)] * rows, pa.timestamp("ms", "UTC"))
    offsets = pa.array(range(begin, begin + rows), pa.uint64())
    made = pa.record_batch([offsets, moments, pa.array(["in"] * rows)], names=["offset", "at", "kind"])
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, made.schema) as writer:
        writer.write_batch(made)
    return sink.getvalue().to_pybytes()


def append(client: Client, body: bytes, start: int, token: str, data_format: str = "ArrowStream"):
    return client.command(APPEND % (token, data_format), {"journal": "journal", "next": start, "delta": 1}, data=body)


def stored(client: Client) -> tuple[int, int]:
    """Rows, and what the projection's sum says."""
    return client.query("SELECT count(), sum(delta) FROM journal").first_row


def parts(client: Client) -> list[tuple[str, int]]:
    query = "SELECT partition, rows FROM system.parts WHERE table = 'journal' AND active ORDER BY ALL"
    return client.query(query).result_rows


def test_200_000_rows_are_one_part(client: Client, journal):
    assert append(client, batch(0, 200_000), 0, "a").written_rows == 200_000
    assert parts(client) == [("202601", 200_000)]
    assert stored(client) == (200_000, 200_000)


def test_a_stale_position_is_refused_and_writes_nothing(client: Client, journal):
    append(client, batch(0, 10), 0, "a")
    with pytest.raises(DatabaseError, match="has moved") as caught:
        append(client, batch(5, 10), 5, "b")
    assert caught.value.code == 395
    assert stored(client) == (10, 10)
    append(client, batch(10, 10), 10, "b")  # a refusal does not burn the token
    assert stored(client) == (20, 20)


def test_the_same_token_counts_once_and_only_in_its_month(client: Client, journal):
    client.command("SYSTEM STOP MERGES journal")
    append(client, batch(0, 10), 0, "a")
    append(client, batch(10, 10), 10, "a")  # the guard lets it pass, the token does not
    assert stored(client) == (10, 10)
    append(client, batch(10, 10), 10, "b")
    append(client, batch(20, 10, month=2), 20, "a")
    assert stored(client) == (30, 30)
    assert parts(client) == [("202601", 10), ("202601", 10), ("202602", 10)]


async def test_settings_in_the_url_and_compressed_rows_in_native(client: Client, async_client, journal):
    statement = APPEND.replace("SETTINGS insert_deduplication_token = '%s',", "SETTINGS") % "Native"
    rows = "SELECT number AS offset, toDateTime64(0, 3, 'UTC') AS at, 'in' AS kind FROM numbers(7)"
    native = client.raw_query(rows, fmt="Native")
    for start in (0, 7):
        await async_client.command(
            statement,
            {"journal": journal, "next": start, "delta": -1},
            data=lz4.frame.compress(native),
            settings={"insert_deduplication_token": "t:0:0", "max_execution_time": 20},
            transport_settings={"Content-Encoding": "lz4"},
        )
    assert stored(client) == (7, -7)


def test_two_months_in_one_batch_are_refused(client: Client, journal):
    tables = [pa.ipc.open_stream(batch(0, 5, month)).read_all() for month in (1, 2)]
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, tables[0].schema) as writer:
        writer.write_table(pa.concat_tables(tables).combine_chunks())
    with pytest.raises(DatabaseError) as caught:
        append(client, sink.getvalue().to_pybytes(), 0, "a")
    assert caught.value.code == 252
    assert stored(client) == (0, 0)


async def test_of_writers_at_the_same_position_the_engine_keeps_each_batch_whole(
    bridge: Bridge, client: Client, journal
):
    def race(writer: int) -> None:
        with bridge.client() as own:
            append(own, batch(0, 1000), 0, f"w{writer}")

    ended = await asyncio.gather(*(asyncio.to_thread(race, writer) for writer in range(6)), return_exceptions=True)
    kept = sum(outcome is None for outcome in ended)
    assert kept >= 1
    assert stored(client) == (1000 * kept, 1000 * kept)


# Stop, kill, second process


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Bridge]:
    running = Bridge(tmp_path / "data").start()
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


def test_it_stops_gracefully_and_opens_again(own: Bridge):
    with own.client() as client:
        client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
        client.insert("t", [(n,) for n in range(1000)], column_names=["n"])
    assert own.stop(signal.SIGTERM) == 0
    own.start()
    with own.client() as client:
        assert client.query("SELECT count() FROM t").first_row == (1000,)


def test_a_query_that_does_not_end_does_not_hold_the_stop(own: Bridge):
    def ask() -> None:
        with pytest.raises((OSError, http.client.HTTPException)):
            own.get(ENDLESS)

    asking = threading.Thread(target=ask)
    asking.start()
    limit = time.monotonic() + 30
    with own.client() as client:
        while client.query("SELECT countIf(query LIKE '%cityHash64(n%') FROM system.processes").first_row[0] < 2:
            assert time.monotonic() < limit, "the query does not run"
    begun = time.monotonic()
    assert own.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 15
    asking.join(10)


def test_after_a_kill_no_acknowledged_row_is_lost(own: Bridge):
    with own.client() as client:
        client.command("CREATE TABLE t (n UInt64) ENGINE = MergeTree ORDER BY n")
        killer = threading.Timer(0.5, own.process.kill)
        killer.start()
        acknowledged = inserts_until_it_dies(client)
        killer.join()
    own.process.communicate()
    own.start()
    with own.client() as client:
        assert client.query("SELECT count() FROM t").first_row[0] in {100 * acknowledged, 100 * acknowledged + 100}
        assert acknowledged > 0


def inserts_until_it_dies(client: Client) -> int:
    acknowledged = 0
    try:
        while True:
            client.insert("t", [(n,) for n in range(100)], column_names=["n"])
            acknowledged += 1
    except (ClickHouseError, OSError, http.client.HTTPException):
        return acknowledged


def test_a_second_process_on_the_folder_says_so_in_one_line(own: Bridge):
    second: subprocess.Popen[str] = own.launch()
    out, err = second.communicate(timeout=30)
    assert (second.returncode, out) == (1, "")
    assert err.splitlines() == [
        f"bridge: {own.folder} is open in another process (PID: {own.process.pid}): stop that one, or give another --path"
    ]
    assert own.answers()


def test_without_a_password_it_does_not_start(tmp_path: Path):
    out, err = Bridge(tmp_path).launch(SIEP_CLICKHOUSE_PASSWORD=None).communicate(timeout=30)
    assert out == ""
    assert "SIEP_CLICKHOUSE_PASSWORD" in err
