"""One HTTP request as a call of the engine: the text, its settings and parameters, the tables that came with it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from lz4.frame import LZ4FrameDecompressor
from starlette.datastructures import UploadFile
from starlette.requests import Request
from zstandard import ZstdDecompressor

_DECOMPRESSORS: dict[str, Callable[[], Any]] = {
    "lz4": LZ4FrameDecompressor,
    "zstd": lambda: ZstdDecompressor().decompressobj(),
    "gzip": lambda: zlib.decompressobj(wbits=31),
    "deflate": zlib.decompressobj,
}
_TYPE_LIST = re.compile(r",(?![^(]*\))")  # Decimal(9, 2) is one type
_FORM_FIELD_BYTES = 64 * 1024 * 1024
# What the URL says to the interface and not to the engine. The last three change how a server sends, never what.
_NOT_SETTINGS = {"database", "default_format", "password", "query", "query_id", "session_check", "session_id"} | {
    *("session_timeout", "user"),
    *("buffer_size", "client_protocol_version", "wait_end_of_query"),
}


class BadRequestError(Exception):
    """The request itself is wrong; the text says what was expected. `code` is ClickHouse's number of the error."""

    def __init__(self, message: str, code: int = 36) -> None:  # 36: BAD_ARGUMENTS
        super().__init__(message)
        self.code = code


@dataclass(frozen=True)
class ExternalTable:
    """A table that came with the request and lives as long as its query."""

    name: str
    structure: str
    format: str
    data: bytes


@dataclass(frozen=True)
class Call:
    """What to run and under which settings; `params` holds the URL's and the form's fields."""

    params: Mapping[str, str]
    body: bytes
    encoding: str
    files: Mapping[str, bytes]

    def parts(self) -> tuple[bytes, bytes]:
        """The query of the URL, and the body: a statement and its data, or either alone. Raises BadRequestError."""
        return self.params.get("query", "").encode(), _decompress(self.body, self.encoding)

    def settings(self) -> dict[str, str]:
        """What the engine is to be SET to, server-side parameters (`param_x`) among them."""
        tables = {f"{name}_{part}" for name in self.files for part in ("format", "structure", "types")}
        return {name: value for name, value in self.params.items() if name not in _NOT_SETTINGS | tables}

    def tables(self) -> list[ExternalTable]:
        """The external tables of the form."""
        return [
            ExternalTable(name, self._structure(name), self.params.get(f"{name}_format", "TabSeparated"), data)
            for name, data in self.files.items()
        ]

    def _structure(self, name: str) -> str:
        if structure := self.params.get(f"{name}_structure"):
            return structure
        if types := self.params.get(f"{name}_types"):
            return ", ".join(f"_{number} {kind}" for number, kind in enumerate(_TYPE_LIST.split(types), start=1))
        raise BadRequestError(f"External table [{name}] has no structure: send {name}_structure or {name}_types")


async def read(request: Request) -> Call:
    """Read the whole request."""
    params = dict(request.query_params)
    if request.headers.get("content-type", "").startswith("multipart/form-data"):
        files = {}
        async with request.form(max_part_size=_FORM_FIELD_BYTES) as form:
            for name, value in form.items():
                if isinstance(value, UploadFile):
                    files[name] = await value.read()
                else:
                    params[name] = value
        return Call(params, b"", "", files)
    return Call(params, await request.body(), request.headers.get("content-encoding", ""), {})


def _decompress(body: bytes, encoding: str) -> bytes:
    """Every frame of the body: clickhouse-connect sends one per block, and a decoder stops at the end of its frame."""
    if not encoding or encoding == "identity" or not body:
        return body
    if encoding not in _DECOMPRESSORS:
        known = ", ".join(_DECOMPRESSORS)
        raise BadRequestError(f"Content-Encoding [{encoding}] is not supported: send one of {known}, or none", 432)
    frames = []
    while body:
        frame = _DECOMPRESSORS[encoding]()
        try:
            frames.append(frame.decompress(body))
        except Exception as error:  # each codec raises its own
            raise BadRequestError(f"The body is not valid {encoding}: {error}", 271) from error
        if not frame.eof:
            raise BadRequestError(f"The body ends in the middle of a frame of {encoding}: send it whole", 271)
        body = frame.unused_data or b""
    return b"".join(frames)
