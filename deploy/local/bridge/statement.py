"""What the bridge must know of a statement before the engine sees it: its kind, its format, where its data begin.

chDB takes a statement and its data apart from each other, and its `query()` ends inline data at the first blank line,
so the data of an INSERT never travel in the text. Only words outside comments, quotes and brackets count.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

_TOKEN = re.compile(
    rb"(?P<blank>\s+|--[^\n]*|/\*.*?\*/)"
    rb"|(?P<quoted>'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?:[^`\\]|\\.)*`)"
    rb"|(?P<word>\w+)"
    rb"|(?P<sign>.)",
    re.DOTALL,
)
_BRACKETS = {b"(": 1, b"[": 1, b"{": 1, b")": -1, b"]": -1, b"}": -1}
_INPUT = re.compile(rb"input\s*\(\s*'((?:[^'\\]|\\.|'')*)'\s*\)", re.IGNORECASE)
_ESCAPED = re.compile(rb"\\(.)|''", re.DOTALL)
_BEFORE_DATA = re.compile(rb"[ \t\f]*\r?\n?")  # what ClickHouse's own parser of INSERT skips


INPUT_TABLE = "bridge_input"
"""The table that stands for `input('…')`, which chDB's `send_insert` refuses."""


@dataclass(frozen=True)
class Statement:
    """A statement for the engine.

    `format` is what the text asks for. `data` is not None for an INSERT that brings its rows along in that format; then
    `text` ends before FORMAT. `structure` is that of `input('…')`, if the rows pass through a SELECT; then `text` reads
    them from INPUT_TABLE.
    """

    text: bytes
    kind: bytes
    format: str | None = None
    data: bytes | None = None
    structure: str | None = None


def read(query: bytes, body: bytes, formats: Collection[bytes]) -> Statement:
    """The statement of a request, which may stand in its URL, in its body, or begin here and end there.

    `formats`: the engine's formats in lower case; no other word names one.
    """
    if not query or not body:
        return _parse(query or body, formats)
    begun = _parse(query, formats)
    if begun.data is None:
        return _parse(query + b"\n" + body, formats)
    return replace(begun, data=begun.data + body)


def _parse(text: bytes, formats: Collection[bytes]) -> Statement:
    first = next((word[0].upper() for word in _words(text)), b"")
    if first == b"INSERT":
        return _insert(text, formats)
    named = [name[0].decode() for before, name in pairwise(_words(text)) if _is_format(before, name, formats)]
    kind = b"SELECT" if text.lstrip().startswith(b"(") else first
    return Statement(text, kind, named[-1] if named else None)


def _insert(text: bytes, formats: Collection[bytes]) -> Statement:
    whole = Statement(text, b"INSERT")
    source, selects = None, False
    for before, word in pairwise(_words(text)):
        if _is_format(before, word, formats):
            begin = before.start()
            data = text[_data_begin(text, word.end()) :]
            if source is None:
                return whole if selects else Statement(text[:begin], b"INSERT", word[0].decode(), data)
            reading = text[: source.start()] + INPUT_TABLE.encode() + text[source.end() : begin]
            return Statement(reading, b"INSERT", word[0].decode(), data, _unescaped(source[1]))
        upper = word[0].upper()
        if upper == b"VALUES":
            break  # these data are part of the text, and may be long
        if upper == b"INPUT":
            source = source or _INPUT.match(text, word.start())
        selects = selects or upper == b"SELECT"
    return whole


def _data_begin(text: bytes, after_format: int) -> int:
    blank = _BEFORE_DATA.match(text, after_format)
    return blank.end() if blank else after_format


def _is_format(before: re.Match[bytes], name: re.Match[bytes], formats: Collection[bytes]) -> bool:
    return before[0].upper() == b"FORMAT" and name[0].lower() in formats


def _unescaped(literal: bytes) -> str:
    return _ESCAPED.sub(lambda escaped: escaped[1] or b"'", literal).decode()


def _words(text: bytes) -> Iterator[re.Match[bytes]]:
    """The words outside brackets, and `input` within them. Lazy: the data behind an INSERT are never read."""
    depth = 0
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "sign":
            depth += _BRACKETS.get(match[0], 0)
        elif match.lastgroup == "word" and (depth == 0 or match[0].lower() == b"input"):
            yield match
