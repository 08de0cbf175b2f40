"""A client that costs little beside what it measures: prepared requests over connections that stay open."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from deploy.bench.load import Line

EVENT = "application/cloudevents+json"
NDJSON = "application/x-ndjson"
LINES_PER_REQUEST = 500
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_PAUSE = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


class RefusedError(Exception):
    """An answer was not the one expected; the text is what was said."""


@dataclass(frozen=True)
class Request:
    """The bytes of one request, and how many facts are in it."""

    content: bytes
    facts: int


def request(address: str, path: str, key: str, kind: str, body: bytes, facts: int = 0) -> Request:
    """A POST of this body, with this bearer key."""
    url = urlsplit(address)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {url.netloc}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Request(head.encode() + body, facts)


def batches(address: str, keys: dict[str, str], said: Sequence[Line]) -> list[Request]:
    """These facts as NDJSON, each establishment's in requests of its own and in their order."""
    return [
        request(address, "/v1/facts", keys[source], NDJSON, b"\n".join(portion) + b"\n", len(portion))
        for source, portion in portions(said)
    ]


def singles(address: str, keys: dict[str, str], said: Sequence[Line]) -> list[Request]:
    """These facts, one to a request."""
    return [request(address, "/v1/facts", keys[source], EVENT, line, 1) for source, line in said]


def portions(said: Sequence[Line]) -> Iterator[tuple[str, list[bytes]]]:
    """Each establishment's facts in their order, as many together as one request holds."""
    by_source: dict[str, list[bytes]] = {}
    for source, line in said:
        by_source.setdefault(source, []).append(line)
    for source, mine in by_source.items():
        for start in range(0, len(mine), LINES_PER_REQUEST):
            yield source, mine[start : start + LINES_PER_REQUEST]


class Answer(NamedTuple):
    """What was answered; `pause` are the seconds of Retry-After, 0 without."""

    status: int
    pause: int
    body: bytes


class Connection:
    """One connection, on which a request waits for the answer to the one before."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, address: str) -> Connection:
        """Connect to `http://host:port`."""
        url = urlsplit(address)
        return cls(*await asyncio.open_connection(url.hostname, url.port, limit=1 << 24))

    async def post(self, one: Request, expected: int = 202) -> bytes:
        """The body of the answer. Raises RefusedError if its status is not the expected one."""
        answer = await self.ask(one)
        if answer.status != expected:
            raise RefusedError(f"{answer.status}: {answer.body[:500].decode(errors='replace')}")
        return answer.body

    async def ask(self, one: Request) -> Answer:
        """The answer, whatever it is."""
        self._writer.write(one.content)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length, pause = _LENGTH.search(head), _PAUSE.search(head)
        body = await self._reader.readexactly(int(length[1]) if length else 0)
        return Answer(int(head[9:12]), int(pause[1]) if pause else 0, body)

    async def close(self) -> None:
        """Let go of the connection."""
        self._writer.close()
        await self._writer.wait_closed()


async def post_all(address: str, requests: Iterable[Request], connections: int, expected: int = 202) -> None:
    """Send all of them, so many at a time. Raises RefusedError unless each is answered by the expected status."""
    remaining = iter(requests)  # shared: whichever connection is free takes the next

    async def send() -> None:
        connection = await Connection.open(address)
        try:
            for one in remaining:
                await connection.post(one, expected)
        finally:
            await connection.close()

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(send())
