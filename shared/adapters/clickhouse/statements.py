"""What a question is in SQL: a file of `queries/`, its typed parameters, and the columns of its result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from shared.contracts.questions import Column


@dataclass(frozen=True, slots=True)
class Statement:
    """A query that can be sent as it is, and streamed in any format of ClickHouse.

    `sql` names its parameters with their types; `columns` are those of the result set, in its order. To stream it:
    `client.raw_stream(statement.sql, statement.parameters, settings=statement.settings, fmt="CSV")`.
    """

    sql: str
    parameters: dict[str, object]
    settings: dict[str, object]
    columns: tuple[Column, ...]


@cache
def query(name: str) -> str:
    """The text of a query file."""
    return (files("shared.adapters.clickhouse") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
