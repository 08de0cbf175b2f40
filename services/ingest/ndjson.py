"""Cuts a stream of bytes into lines, in pieces of bounded size, however long the stream or a line."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator

from services.ingest.faults import MAX_FACT_BYTES
from services.ingest.handlers import Piece

PIECE_BYTES = 256 * 1024
"""Enough lines for one good Kafka batch per partition."""


async def pieces(chunks: AsyncIterable[bytes], piece_bytes: int = PIECE_BYTES) -> AsyncIterator[Piece]:
    """The lines of the stream, with blank ones; a line that is longer than a fact may be is cut just beyond that."""
    lines: list[bytes] = []
    start, size = 1, 0
    unfinished = bytearray()
    async for chunk in chunks:
        size += len(chunk)
        head, *rest = chunk.split(b"\n")
        unfinished += head
        del unfinished[MAX_FACT_BYTES + 1 :]
        if rest:
            lines += [bytes(unfinished), *rest[:-1]]
            unfinished = bytearray(rest[-1])
        if size >= piece_bytes and lines:
            yield Piece(start, lines)
            start, size, lines = start + len(lines), 0, []
    if unfinished:
        lines.append(bytes(unfinished))
    if lines:
        yield Piece(start, lines)
