"""The journal table: appended to under its own position, read for histories. DESIGN §4, rules 1 to 3."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa
from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from shared.adapters.clickhouse.queries import LEDGER, statement
from shared.contracts.mapping import decode
from shared.contracts.topics import FACTS
from shared.domain.attributes import Attributes
from shared.domain.merging import remembered
from shared.ports import Consumed, JournalError, LoggedFact, Moved, Position, Told

_APPEND_SETTINGS = {
    "async_insert": 0,
    "deduplicate_insert": "enable",
    "deduplicate_insert_select": "force_enable",
    "max_insert_threads": 1,
    "max_threads": 1,
    "max_partitions_per_insert_block": 1,
    # one block, so one part: a batch exists wholly or not at all
    "max_block_size": 1_000_000,
    "max_insert_block_size": 1_000_000,
    "min_insert_block_size_rows": 1_000_000,
    "min_insert_block_size_bytes": 1 << 30,
}
_FACT_COLUMNS = ("offset", "seq", "recorded_at_ms", "outcome", "source", "fact_id", "subject", "fact_type", "payload")
_ENTRY_COLUMNS = (
    *(
        "offset",
        "line",
        "seq",
        "recorded_at_ms",
        "subject",
        "fact_type",
        "book",
        "cause",
        "effective_at_ms",
        "establishment",
    ),
    *("counterparty", "stock_delta", "flow_delta", *Attributes._fields, "liberty_type", "motive", "detail"),
)
_TYPES: dict[str, pa.DataType] = {
    "offset": pa.uint64(),
    "line": pa.uint16(),
    "seq": pa.uint64(),
    "recorded_at_ms": pa.int64(),
    "effective_at_ms": pa.int64(),
    "stock_delta": pa.int32(),
    "flow_delta": pa.int8(),
    "birth_month": pa.uint16(),
    "attempt": pa.uint8(),
    "admissions": pa.uint8(),
    "sentence_months": pa.uint16(),
    "payload": pa.binary(),
}
_COLUMNS = tuple(dict.fromkeys((*_FACT_COLUMNS, *_ENTRY_COLUMNS)))


class ClickHouseJournal:
    """One journal table. `max_seconds` bounds an insert on the server, so no straggler outlives a few retries."""

    def __init__(self, client: AsyncClient, table: str = LEDGER, *, max_seconds: int = 30) -> None:
        self._client = client
        self._table = table
        self._max_seconds = max_seconds

    async def position(self, partition: int) -> Position:
        """See shared.ports.Journal."""
        row = await self._position(partition)
        return Position(row["next_offset"], row["seq"], row["recorded_at_ms"])

    async def missing(self, partition: int) -> int:
        """See shared.ports.Journal."""
        row = await self._position(partition)
        return int(row["seq"] - row["fact_rows"])

    async def _position(self, partition: int) -> Mapping[str, Any]:
        (row,) = await self._ask("position", partition=partition)
        return row

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        """See shared.ports.Journal."""
        token = f"{FACTS.name}:{partition}:{next_offset}:{attempt}"
        try:
            await self._client.command(
                statement("append"),
                {"journal": self._table, "partition": partition, "next_offset": next_offset},
                data=_arrow_stream(consumed),
                settings=_APPEND_SETTINGS
                | {"insert_deduplication_token": token, "max_execution_time": self._max_seconds},
            )
        except (ClickHouseError, OSError) as error:
            raise JournalError(str(error)) from error

    async def counted_facts(self, partition: int, start: int, end: int) -> list[LoggedFact]:
        """See shared.ports.Journal."""
        rows = await self._ask("counted_facts", partition=partition, start=start, end=end)
        decoded = ((row["offset"], row["subject"], decode(row["payload"]).fact) for row in rows)
        return [
            LoggedFact(offset, token, told)
            for offset, subject, fact in decoded
            if fact is not None
            for token, told in remembered(subject, fact)
        ]

    async def moved(self, partition: int, start: int) -> list[Moved]:
        """See shared.ports.Journal."""
        rows = await self._ask("moved", partition=partition, start=start)
        return [Moved(**{**row, "counted": bool(row["counted"])}) for row in rows]

    async def payloads_of(self, partition: int, subjects: Iterable[str]) -> list[tuple[int, str, bytes]]:
        """See shared.ports.Journal."""
        rows = await self._ask("payloads_of", partition=partition, subjects=list(subjects))
        return [(row["offset"], row["subject"], bytes(row["payload"])) for row in rows]

    async def told_by(self, partition: int, destinations: Iterable[int]) -> set[Told]:
        """See shared.ports.Journal."""
        rows = await self._ask("told_by", origins=f"{partition}:", destinations=list(destinations))
        return {Told(row["partition"], row["fact_id"]) for row in rows}

    async def payload_at(self, partition: int, offset: int) -> bytes | None:
        """See shared.ports.Journal."""
        rows = await self._ask("payload_at", partition=partition, offset=offset)
        return bytes(rows[0]["payload"]) if rows else None

    async def _ask(self, name: str, **parameters: object) -> list[Mapping[str, Any]]:
        try:
            answer = await self._client.query(
                statement(name), {"journal": self._table, **parameters}, query_formats={"String": "bytes"}
            )
        except (ClickHouseError, OSError) as error:
            raise JournalError(str(error)) from error
        return [
            {
                key: value if key == "payload" or not isinstance(value, bytes) else value.decode()
                for key, value in row.items()
            }
            for row in answer.named_results()
        ]


def _arrow_stream(consumed: Sequence[Consumed]) -> bytes:
    """All rows of a batch as one record batch: fact rows, then entry rows; a column a kind lacks holds its default."""
    facts = _columns(_FACT_COLUMNS, [_fact_row(one) for one in consumed])
    entries = _columns(_ENTRY_COLUMNS, [row for one in consumed for row in _entry_rows(one)])
    n_facts, n_entries = len(consumed), sum(len(one.entries) for one in consumed)
    arrays = [
        pa.concat_arrays([_or_default(facts, name, n_facts), _or_default(entries, name, n_entries)])
        for name in _COLUMNS
    ]
    batch = pa.record_batch(arrays, names=list(_COLUMNS))
    sink = pa.BufferOutputStream()
    # A third of the bytes, and 3 us a fact less: before it sends a body, the client decodes it to look for a SELECT.
    options = pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def _fact_row(one: Consumed) -> tuple[object, ...]:
    message = one.message
    return (one.offset, one.seq, one.recorded_at_ms, one.outcome, *message[:4], one.payload)


def _entry_rows(one: Consumed) -> list[tuple[object, ...]]:
    offset, seq, recorded_at_ms = one.offset, one.seq, one.recorded_at_ms
    fact_type = one.message.type
    subjects = one.subjects or itertools.repeat(one.message.subject)
    return [
        (offset, line, seq, recorded_at_ms, subject, fact_type, *entry[:7], *entry.attributes, *entry[8:])
        for line, (entry, subject) in enumerate(zip(one.entries, subjects, strict=False), start=1)
    ]


def _columns(names: Sequence[str], rows: list[tuple[object, ...]]) -> dict[str, pa.Array]:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return {name: pa.array(column, _type(name)) for name, column in zip(names, columns, strict=True)}


def _type(name: str) -> pa.DataType:
    return _TYPES.get(name, pa.string())


def _or_default(columns: dict[str, pa.Array], name: str, length: int) -> pa.Array:
    if name in columns:
        return columns[name]
    if name == "outcome":
        return pa.repeat(pa.scalar("entry"), length)
    kind = _type(name)
    empty = 0 if pa.types.is_integer(kind) else b"" if pa.types.is_binary(kind) else ""
    return pa.repeat(pa.scalar(empty, kind), length)
