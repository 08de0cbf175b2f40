"""What the bridge must know of a statement before the engine sees it: its kind, its format, where its data begin.

chDB takes a statement and its data apart from each other, and its `query()` ends inline data at the first blank line,
so the data of an INSERT never travel in the text. Only words outside comments, quotes and brackets count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
    rb"|(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`)"
    rb"|(?P<word>\w+)"
    rb"|(?P<sign>.)",
    re.DOTALL,
)
_BRACKETS = {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}
_INPUT = re.compile(rb"\binput\s*\(\s*'((?:[^'\\]|\\.|'')*)'\s*\)", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)|''", re.DOTALL)
_BEFORE_DATA = re.compile(rb"[ \t\f]*\r?\n?")  # what ClickHouse's own parser of INSERT skips


@dataclass(frozen=True)
class Statement:
    """A statement for the engine.

    `format` is what the text asks for. `data` is not None for an INSERT that brings its rows along in that format; then
    `text` ends before FORMAT. `structure` is that of `input('…')`, where the rows pass through a SELECT.
    """

    text: bytes
    kind: bytes
    format: str | None = None
    data: bytes | None = None
    structure: bytes | None = None

    def reading_from(self, table: bytes) -> bytes:
        """The text with `input('…')` replaced by a table that holds the rows."""
        return _INPUT.sub(lambda _: table, self.text, count=1)


def parse(text: bytes, formats: Collection[bytes]) -> Statement:
    """Read the text of a request. `formats`: the engine's formats in lower case; no other word names one."""
    kind = b"SELECT" if text.lstrip()[:1] == b"(" else b""
    previous = b""
    begin, named = 0, None
    selects = False
    for match in _words(text):
        word = match[0].upper()
        kind = kind or word
        if previous == b"FORMAT" and match[0].lower() in formats:
            named = match
            if kind == b"INSERT":
                return _insert(text[:begin], match[0].decode(), text[_data_begin(text, match.end()) :], selects=selects)
        elif kind == b"INSERT" and word == b"VALUES":
            break  # these data are part of the text, and may be long
        selects = selects or word == b"SELECT"
        previous, begin = word, match.start()
    return Statement(text, kind, named and named[0].decode())


def _insert(text: bytes, name: str, data: bytes, *, selects: bool) -> Statement:
    if not selects:
        return Statement(text, b"INSERT", name, data)
    found = _INPUT.search(text)
    if found is None:
        return Statement(text, b"INSERT")
    return Statement(text, b"INSERT", name, data, _ESCAPED.sub(lambda escaped: escaped[1] or b"'", found[1]))


def _data_begin(text: bytes, after_format: int) -> int:
    blank = _BEFORE_DATA.match(text, after_format)
    return blank.end() if blank else after_format


def _words(text: bytes) -> Iterator[re.Match[bytes]]:
    """The words outside brackets. Lazy: the data behind an INSERT are never read."""
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "sign":
            depth += _BRACKETS.get(match[0], 0)
        elif match.lastgroup == "word" and depth == 0:
            yield match
