"""A line that breaks at the worst moment: the server has answered, the client hears nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable


class Relay:
    """Passes bytes both ways until the answer with the number `last`: `broken` is called in its place, then silence."""

    def __init__(self, host: str, port: int, last: int, broken: Callable[[], object]) -> None:
        self._server = (host, port)
        self._last = last
        self._broken = broken
        self._answers = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the client."""
        upstream, downstream = await asyncio.open_connection(*self._server)
        back = asyncio.create_task(self._back(upstream, writer))
        with contextlib.suppress(ConnectionError):
            await _pump(reader, downstream)  # until the client is gone
        back.cancel()
        for end in (downstream, writer):
            end.transport.abort()
        await asyncio.gather(back, return_exceptions=True)

    async def _back(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await upstream.read(65_536):
            self._answers += data.count(b"HTTP/1.1 ")
            if self._answers >= self._last:
                self._broken()
                return
            writer.write(data)
            await writer.drain()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()


@contextlib.asynccontextmanager
async def relay(address: str, last: int, broken: Callable[[], object]) -> AsyncIterator[str]:
    """The address of a relay to `http://host:port`."""
    host, _, port = address.removeprefix("http://").partition(":")
    server = await asyncio.start_server(Relay(host, int(port), last, broken).serve, "127.0.0.1", 0)
    async with server:
        name, number = server.sockets[0].getsockname()[:2]
        yield f"http://{name}:{number}"
