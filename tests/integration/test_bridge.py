"""The bridge as unmodified clickhouse-connect clients see it. Traps: what broke when such a bridge was first tried."""

from __future__ import annotations

import asyncio
import http.client
import json
import time
import urllib.parse
from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from functools import partial

import lz4.frame
import pytest
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError
from clickhouse_connect.driver.summary import QuerySummary

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


class InThreads:
    """A synchronous client with the manners of the asynchronous one, so that one test serves both."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def __getattr__(self, name: str):
        method = getattr(self._client, name)

        async def call(*arguments, **options):
            return await asyncio.to_thread(method, *arguments, **options)

        return call


@pytest.fixture(params=["sync", "async"])
async def either(request: pytest.FixtureRequest, bridge: Bridge) -> AsyncIterator:
    if request.param == "sync":
        with bridge.client() as made:
            yield InThreads(made)
    else:
        made = await bridge.async_client()
        yield made
        await made.close()


@pytest.fixture
def table(client: Client) -> Iterator[str]:
    client.command("CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n")
    yield "t"
    client.command("DROP TABLE t")


# Trap 1: inline data end at the first blank line


@pytest.mark.parametrize("compression", [False, "lz4"])
async def test_a_blank_line_within_the_data_does_not_end_them(bridge: Bridge, client: Client, table, compression):
    rows = [(0x0A0A0A0A0A0A0A0A, "a\n\nb"), (10, "\n\n"), (11, "\r\n\r\n")]
    with bridge.client(compress=compression) as sync_client:
        sync_client.insert(table, rows, column_names=["n", "s"])
        sync_client.raw_insert(table, ["n", "s"], b'12,"c\n\nd"\n13,e\n', fmt="CSV")
    async_client = await bridge.async_client(compress=compression)
    await async_client.insert(table, [(14, "f\n\n")], column_names=["n", "s"])
    await async_client.close()
    client.command("INSERT INTO t VALUES (15, 'g\n\nh')\n\n, (16, 'i')")
    stored = client.query("SELECT n, s FROM t WHERE s <> '' ORDER BY n").result_rows
    assert stored[:3] == [(10, "\n\n"), (11, "\r\n\r\n"), (12, "c\n\nd")]
    assert [n for n, _ in stored] == [10, 11, 12, 13, 14, 15, 16, 0x0A0A0A0A0A0A0A0A]


# Trap 2: one body, many frames


@pytest.mark.parametrize("compression", ["lz4", "zstd", "gzip"])
async def test_every_frame_of_a_compressed_body_arrives(bridge: Bridge, client: Client, table, compression):
    numbers = list(range(600_000))
    made = await bridge.async_client(compress=compression)
    await made.insert(table, [numbers], column_names=["n"], column_oriented=True)
    await made.close()
    assert client.query("SELECT count(), sum(n), max(n) FROM t").first_row == (600_000, sum(numbers), 599_999)


def test_frames_of_lz4_are_counted_by_hand(client: Client, table):
    body = b"".join(lz4.frame.compress(f"{n},x\n".encode()) for n in range(5))
    client.raw_insert(table, ["n", "s"], body, fmt="CSV", compression="lz4")
    assert client.query("SELECT groupArray(n) FROM t").first_row == ([0, 1, 2, 3, 4],)


def test_a_body_cut_within_a_frame_is_refused(client: Client, table):
    body = lz4.frame.compress(b"1,x\n") + lz4.frame.compress(b"2,y\n")[:-3]
    with pytest.raises(DatabaseError, match="send it whole"):
        client.raw_insert(table, ["n", "s"], body, fmt="CSV", compression="lz4")
    assert client.query("SELECT count() FROM t").first_row == (0,)


def test_an_encoding_it_cannot_read_is_refused(client: Client, table):
    with pytest.raises(DatabaseError, match=r"\[br\].*send one of lz4, zstd, gzip, deflate"):
        client.raw_insert(table, ["n", "s"], b"?", fmt="CSV", compression="br")


# Trap 3: a stream is closed where it was opened


def test_clients_that_go_away_in_mid_stream_leave_nothing_behind(bridge: Bridge, client: Client):
    query = urllib.parse.urlencode({"query": "SELECT number, number FROM numbers(2000000000) FORMAT TSV"})
    credentials = b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    for _ in range(20):  # more than there are workers
        connection = http.client.HTTPConnection("127.0.0.1", bridge.port, timeout=30)
        connection.request("GET", f"/?{query}", headers={"Authorization": f"Basic {credentials}"})
        assert len(connection.getresponse().read(100_000)) == 100_000
        connection.close()
    assert client.query("SELECT 1").first_row == (1,)
    limit = time.monotonic() + 20
    while (running := client.query("SELECT count() FROM system.processes").first_row[0]) > 1:
        assert time.monotonic() < limit, f"{running} queries still run"
    assert bridge.answers()


async def test_an_asynchronous_reader_may_leave(bridge: Bridge):
    made = await bridge.async_client()
    for _ in range(10):
        async with await made.query_row_block_stream("SELECT number FROM numbers(30000000)") as stream:
            async for block in stream:
                assert len(block) > 0
                break
    assert (await made.query("SELECT 1")).first_row == (1,)
    await made.close()


# Trap 4: only some formats may be joined from pieces

ROWS = 200_000  # several pieces of chDB


@pytest.mark.parametrize("name", ["CSV", "TSV", "TabSeparated", "JSONEachRow"])
async def test_formats_of_lines_stream_whole(either, name):
    body = await either.raw_query(f"SELECT number FROM numbers({ROWS})", fmt=name)
    assert [int("".join(filter(str.isdigit, line))) for line in body.decode().splitlines()] == list(range(ROWS))


async def test_binary_formats_stream_whole(either):
    native = await either.query(f"SELECT number FROM numbers({ROWS})")
    assert [number for (number,) in native.result_rows] == list(range(ROWS))
    body = await either.raw_query(f"SELECT number FROM numbers({ROWS})", fmt="RowBinary")
    assert body == b"".join(n.to_bytes(8, "little") for n in range(ROWS))


async def test_formats_with_header_or_footer_are_whole(either):
    arrow = await either.query_arrow(f"SELECT number FROM numbers({ROWS})")
    assert arrow.column(0).to_pylist() == list(range(ROWS))
    body = json.loads(await either.raw_query(f"SELECT number FROM numbers({ROWS})", fmt="JSON"))
    assert len(body["data"]) == body["rows"] == ROWS
    lines = (await either.raw_query(f"SELECT number AS n FROM numbers({ROWS})", fmt="CSVWithNames")).splitlines()
    assert lines[0] == b'"n"'
    assert len(lines) == ROWS + 1


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        ("SHOW DATABASES LIKE 'system'", "system"),
        ("EXISTS TABLE system.one", 1),
        ("EXPLAIN SYNTAX SELECT 1", None),
        ("DESCRIBE system.one", ["dummy", "UInt8", "", "", "", "", ""]),
        ("(SELECT 1) UNION ALL (SELECT 1)", None),
        ("WITH 3 AS x SELECT x -- FORMAT Native", 3),
        ("/* FORMAT Native */ SELECT 'FORMAT Native'", "FORMAT Native"),
    ],
)
async def test_statements_that_are_no_plain_select_answer_too(either, statement, answer):
    result = await either.command(statement)
    assert result == answer if answer is not None else result


def test_a_format_is_found_where_it_stands(bridge: Bridge):
    for query in ("SELECT 1 AS format FORMAT CSV", "SELECT 1 AS format FORMAT CSV SETTINGS max_threads = 1; -- end"):
        _, headers, body = bridge.get(query)
        assert (headers["X-ClickHouse-Format"], body) == ("CSV", b"1\n")
    assert bridge.get("SELECT 1", default_format="JSONEachRow")[2] == b'{"1":1}\n'


# Trap 5: the header of the format says "there is a result set"


async def test_a_command_without_a_result_set_returns_a_summary(either):
    assert isinstance(await either.command("CREATE TABLE made (n UInt8) ENGINE = MergeTree ORDER BY n"), QuerySummary)
    inserted = await either.command("INSERT INTO made SELECT number FROM numbers(7)")
    assert inserted.written_rows == 7
    assert await either.command("SELECT n FROM made WHERE n > 100") == ""
    assert isinstance(await either.command("DROP TABLE made"), QuerySummary)


# Trap 6: an error after the answer has begun

BREAKS_LATE = "SELECT number, throwIf(number = 3000000, 'too far') FROM numbers(10000000) SETTINGS max_threads = 1"


def test_an_error_in_mid_stream_is_an_error_of_the_sync_client(client: Client):
    seen = []
    with (
        pytest.raises(StreamFailureError, match=r"Code: 395.*too far"),
        client.query_row_block_stream(BREAKS_LATE) as stream,
    ):
        seen.extend(block[-1] for block in stream)
    assert len(seen) > 1
    assert all(0 <= number < 3_000_000 and flag == 0 for number, flag in seen)


async def test_an_error_in_mid_stream_is_an_error_of_the_async_client(bridge: Bridge):
    made = await bridge.async_client()
    seen = []

    async def read():
        async with await made.query_row_block_stream(BREAKS_LATE) as stream:
            async for block in stream:
                seen.append(block[-1])  # noqa: PERF401 - what came before the error matters

    with pytest.raises(StreamFailureError, match=r"Code: 395.*too far"):
        await read()
    assert len(seen) > 1
    assert all(0 <= number < 3_000_000 and flag == 0 for number, flag in seen)
    await made.close()


async def test_an_error_before_the_answer_has_its_code(either):
    with pytest.raises(DatabaseError, match="nowhere") as caught:
        await either.query("SELECT * FROM nowhere")
    assert (caught.value.code, caught.value.name) == (60, "UNKNOWN_TABLE")
    with pytest.raises(DatabaseError, match="Syntax error") as caught:
        await either.command("CREATE TABEL x")
    assert caught.value.code == 62


def test_rows_that_cannot_be_read_are_an_error_and_leave_nothing(client: Client, table):
    with pytest.raises(DatabaseError) as caught:
        client.raw_insert(table, ["n", "s"], "1,x\nseven,y\n", fmt="CSV")
    assert caught.value.code == 27
    assert client.query("SELECT count() FROM t").first_row == (0,)


# Trap 7: sessions


def test_a_client_with_a_session_keeps_its_tables_and_settings(bridge: Bridge):
    with bridge.client(autogenerate_session_id=True) as made, bridge.client() as other:
        made.command("CREATE TEMPORARY TABLE kept (n UInt8)")
        made.command("SET max_result_rows = 77")
        made.insert("kept", [(1,), (2,)], column_names=["n"])
        assert made.query("SELECT sum(n) FROM kept").first_row == (3,)
        assert made.query("SELECT getSetting('max_result_rows')", settings={"max_result_rows": 5}).first_row == (5,)
        assert made.query("SELECT getSetting('max_result_rows')").first_row == (77,)
        with pytest.raises(DatabaseError, match="kept"):
            other.query("SELECT * FROM kept")
        assert other.query("SELECT getSetting('max_result_rows')").first_row == (0,)


async def test_a_session_serves_one_request_at_a_time(bridge: Bridge):
    ask = partial(asyncio.to_thread, bridge.get, "SELECT sleep(0.5)", session_id="narrow")
    codes = [headers["X-ClickHouse-Exception-Code"] for _, headers, _ in await asyncio.gather(ask(), ask())]
    assert sorted(codes, key=str) == ["373", None]


def test_a_session_that_must_exist_and_does_not_is_refused(bridge: Bridge):
    _, headers, _ = bridge.get("SELECT 1", session_id="never", session_check="1")
    assert headers["X-ClickHouse-Exception-Code"] == "372"


def test_a_session_ends_when_its_time_is_over(bridge: Bridge):
    bridge.get("CREATE TEMPORARY TABLE mine (n UInt8)", session_id="short", session_timeout="60")
    assert bridge.get("SELECT count() FROM mine", session_id="short", session_timeout="0")[2] == b"0\n"
    assert bridge.get("SELECT count() FROM mine", session_id="short")[1]["X-ClickHouse-Exception-Code"] == "60"


async def test_requests_without_a_session_run_side_by_side(bridge: Bridge):
    made = await bridge.async_client()
    begun = time.monotonic()
    await asyncio.gather(*(made.command("SELECT sleep(1)") for _ in range(4)))
    assert time.monotonic() - begun < 3  # 4 s one after the other
    await made.close()
