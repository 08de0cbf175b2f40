"""CSV for people and programs: UTF-8 with a mark so that Excel reads the accents, commas, CRLF (RFC 4180).

Every text is in quotes and ubigeo codes keep their zeros in the file; Excel drops them when it opens a CSV, so who
works in Excel orders XLSX. Days are `2026-01-31`, moments `2026-01-31 14:05:00.000` in Lima's time, flags `true` and
`false`, nothing is empty. A text that a spreadsheet would take for a formula begins with an apostrophe; a control
character becomes U+FFFD.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import BinaryIO

from shared.contracts.export_jobs import Column

ROW = ("", ",", "\r")
"""What stands before, between and after the cells of a row; a line feed follows."""
_PLAIN = {
    "integer": "toString({0})",
    "decimal": "toString({0})",
    "flag": "multiIf(isNull({0}), NULL, {0}, 'true', 'false')",
    "day": "toString({0})",
    "moment": "toString({0})",
}


def cell(kind: str, sql: str) -> str:
    """The SQL expression of a cell of this kind, out of the expression of its value."""
    if kind == "text":
        safe = f"if(match({sql}, '^[=+@-]'), concat('\\'', {sql}), {sql})"
        return f"concat('\"', replaceAll({safe}, '\"', '\"\"'), '\"')"
    return f"ifNull({_PLAIN[kind].format(sql)}, '')"


def write(sink: BinaryIO, columns: Sequence[Column], blocks: Iterable[bytes], _: Sequence[tuple[str, str]]) -> None:
    """Write the whole file; what it rests on is told by its manifest alone."""
    header = io.StringIO()
    csv.writer(header, quoting=csv.QUOTE_ALL).writerow([column.es for column in columns])
    sink.write(b"\xef\xbb\xbf" + header.getvalue().encode())
    sink.writelines(blocks)
