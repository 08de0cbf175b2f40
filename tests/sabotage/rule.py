"""What a rule of the list is."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """`text` stands once in `file`; with `instead` in its place the rule is gone, and `test` must fail."""

    rule: str
    file: str
    text: str
    instead: str
    test: str


QUERIES = "shared/adapters/clickhouse/queries"
