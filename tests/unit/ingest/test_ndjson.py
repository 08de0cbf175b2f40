from collections.abc import AsyncIterator

from hypothesis import given
from hypothesis import strategies as st

from services.ingest.faults import MAX_FACT_BYTES
from services.ingest.handlers import Piece
from services.ingest.ndjson import pieces


async def _stream(chunks: list[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _cut(chunks: list[bytes], piece_bytes: int) -> list[Piece]:
    return [piece async for piece in pieces(_stream(chunks), piece_bytes)]


@given(
    st.lists(st.binary(max_size=12).map(lambda chunk: chunk.replace(b"\x00", b"\n")), max_size=30), st.integers(1, 40)
)
async def test_lines_are_those_of_the_whole_however_it_is_cut(chunks: list[bytes], piece_bytes: int):
    cut = await _cut(chunks, piece_bytes)
    whole = b"".join(chunks)
    expected = whole.split(b"\n")
    if not expected[-1]:
        expected.pop()
    assert [line for piece in cut for line in piece.lines] == expected
    starts = [1 + sum(len(before.lines) for before in cut[:index]) for index in range(len(cut))]
    assert [piece.start for piece in cut] == starts


async def test_a_piece_is_handed_over_before_the_stream_ends():
    cut = await _cut([b"a\n" * 100] * 10, 200)
    assert len(cut) == 10


async def test_an_endless_line_is_cut_just_beyond_what_a_fact_may_be():
    cut = await _cut([b"x" * 50_000] * 40 + [b"\nshort\n"], 10_000)
    lines = [line for piece in cut for line in piece.lines]
    assert [len(line) for line in lines] == [MAX_FACT_BYTES + 1, 5]
