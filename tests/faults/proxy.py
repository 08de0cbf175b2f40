"""A TCP proxy on this machine that breaks what passes through it, as networks and full disks do."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Iterator

SLOW_SECONDS = 0.4
PIECE_BYTES = 64 * 1024
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_REFUSALS = {
    "no space": (243, "Cannot reserve 1.00 MiB, not enough space. (NOT_ENOUGH_SPACE)"),
    "read only": (164, "default: Cannot execute query in readonly mode. (READONLY)"),
}
"""What ClickHouse says to an insert when its disk is full, or when it may not write."""


class BrokenError(Exception):
    """This connection is to end now."""


class OverError(Exception):
    """One side has closed this connection."""


class Proxy:
    """Passes connections on to a port of this machine, and breaks them as it is told."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._faults: list[str] = []
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._unheard: set[asyncio.Task[None]] = set()
        self.broken = 0
        """How many connections were ended or pieces held back so far."""

    async def listen(self) -> int:
        """Begin, and return the port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End, and every connection with it."""
        if self._server:
            self._server.close()
        await self._end(set(self._open))

    @contextlib.contextmanager
    def breaking(self, how: str) -> Iterator[None]:
        """Break what passes meanwhile: `cut request`, `cut answer`, `half answer`, `slow answer`, `silence`, `refuse`,
        `no space` or `read only` (inserts are answered with ClickHouse's own error)."""
        self._faults.append(how)
        for task in self._open if how == "refuse" else ():
            self.broken += 1
            task.cancel()
        try:
            yield
        finally:
            self._faults.remove(how)
            for task in self._unheard:
                task.cancel()

    async def _end(self, tasks: set[asyncio.Task[None]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task, "asyncio serves each connection in a task"
        self._open.add(task)
        writers = [writer]
        try:
            there, onward = await self._onward()
            writers.append(onward)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass(reader, onward, writer, asks=True))
                group.create_task(self._pass(there, writer, writer, asks=False))
        except* BrokenError:
            self.broken += 1
        except* (OverError, OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            self._unheard.discard(task)
            for one in writers:
                one.transport.abort()

    async def _onward(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if "refuse" in self._faults:
            raise BrokenError
        return await asyncio.open_connection("127.0.0.1", self._port)

    async def _pass(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, back: asyncio.StreamWriter, *, asks: bool
    ) -> None:
        """Everything in one direction; `back` leads to whoever asks."""
        while piece := await source.read(PIECE_BYTES):
            for how in tuple(self._faults):
                await self._suffer(how, piece, source, sink, back, asks=asks)
            sink.write(piece)
            await sink.drain()
        raise OverError

    async def _suffer(
        self,
        how: str,
        piece: bytes,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        back: asyncio.StreamWriter,
        *,
        asks: bool,
    ) -> None:
        """What this fault does to a piece. Raises BrokenError if the connection does not outlive it."""
        if how == "silence":
            await self._say_nothing()
        elif how == "slow answer" and not asks:
            self.broken += 1
            await asyncio.sleep(SLOW_SECONDS)
        elif (how, asks) in (("cut request", True), ("half answer", False)):
            sink.write(piece[: len(piece) // 2])
            await sink.drain()
            raise BrokenError
        elif (how, asks) == ("cut answer", False):
            raise BrokenError
        elif how in _REFUSALS and asks and b"INSERT" in piece[:PIECE_BYTES].split(b"\r\n", 1)[0]:
            await _read_whole(piece, source)
            back.write(_refusal(*_REFUSALS[how]))
            await back.drain()
            raise BrokenError

    async def _say_nothing(self) -> None:
        """The connection stays, and nothing passes; it ends when the fault does."""
        task = asyncio.current_task()
        assert task, "pieces pass in tasks"
        self._unheard.add(task)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            raise BrokenError from None
        finally:
            self._unheard.discard(task)


async def _read_whole(begun: bytes, source: asyncio.StreamReader) -> None:
    """The rest of a request whose beginning was read: only then does its sender listen."""
    head, _, body = begun.partition(b"\r\n\r\n")
    length = _LENGTH.search(head)
    missing = int(length[1]) - len(body) if length else 0
    while missing > 0 and (piece := await source.read(PIECE_BYTES)):
        missing -= len(piece)


def _refusal(code: int, text: str) -> bytes:
    body = f"Code: {code}. DB::Exception: {text}\n".encode()
    head = (
        f"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"X-ClickHouse-Exception-Code: {code}\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body
