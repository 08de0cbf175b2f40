"""The proxy of the fault harness: each break does to a request and its answer what its name says, and no more."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest

from tests.faults.proxy import Proxy

BODY = b"x" * 1_000


@dataclass
class Behind:
    """A server behind a proxy, and what reached it."""

    heard: list[bytes] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                self.heard.append(await reader.readexactly(len(BODY)))
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY)
                await writer.drain()
        writer.close()


@pytest.fixture
def behind() -> Behind:
    return Behind()


@pytest.fixture
async def proxy(behind: Behind) -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(behind.serve, "127.0.0.1", 0)
    proxy = Proxy(server.sockets[0].getsockname()[1])
    yield proxy
    await proxy.close()
    server.close()


@pytest.fixture
async def client(proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    address = f"http://127.0.0.1:{await proxy.listen()}"
    async with httpx.AsyncClient(base_url=address, timeout=5, trust_env=False) as client:
        yield client


async def ask(client: httpx.AsyncClient, what: str = "SELECT") -> httpx.Response:
    return await client.post("/", params={"query": what}, content=BODY)


async def test_unbroken_it_passes_everything(behind: Behind, proxy: Proxy, client: httpx.AsyncClient) -> None:
    assert (await ask(client)).content == BODY
    assert behind.heard == [BODY]
    assert proxy.broken == 0


@pytest.mark.parametrize(
    ("how", "heard"),
    [("cut request", []), ("cut answer", [BODY]), ("half answer", [BODY]), ("refuse", [])],
)
async def test_what_is_cut_ends_in_an_error_and_whether_it_arrived_depends(
    behind: Behind, proxy: Proxy, client: httpx.AsyncClient, how: str, heard: list[bytes]
) -> None:
    with proxy.breaking(how), pytest.raises(httpx.TransportError):
        await ask(client)
    assert behind.heard == heard
    assert proxy.broken == 1
    assert (await ask(client)).content == BODY


@pytest.mark.parametrize(("how", "heard"), [("cut answer", 2), ("refuse", 1)])
async def test_a_connection_that_was_open_before_is_cut_too(
    behind: Behind, proxy: Proxy, client: httpx.AsyncClient, how: str, heard: int
) -> None:
    await ask(client)
    with proxy.breaking(how), pytest.raises(httpx.TransportError):
        await ask(client)
    assert len(behind.heard) == heard


async def test_silence_has_no_answer_and_ends_the_connection_with_itself(
    behind: Behind, proxy: Proxy, client: httpx.AsyncClient
) -> None:
    with proxy.breaking("silence"):
        asking = asyncio.create_task(ask(client))
        done, _ = await asyncio.wait([asking], timeout=0.3)
        assert not done
    with pytest.raises(httpx.TransportError):
        await asking
    assert behind.heard == []


async def test_a_slow_answer_comes(proxy: Proxy, client: httpx.AsyncClient) -> None:
    with proxy.breaking("slow answer"):
        assert (await ask(client)).content == BODY
    assert proxy.broken > 0


@pytest.mark.parametrize(("how", "code"), [("no space", "243"), ("read only", "164")])
async def test_an_insert_is_refused_as_clickhouse_does_and_a_question_answered(
    behind: Behind, proxy: Proxy, client: httpx.AsyncClient, how: str, code: str
) -> None:
    with proxy.breaking(how):
        refused = await ask(client, "INSERT INTO journal")
        assert (await ask(client)).content == BODY
    assert (refused.status_code, refused.headers["x-clickhouse-exception-code"]) == (500, code)
    assert f"Code: {code}." in refused.text
    assert behind.heard == [BODY]
