"""What `make verify` compares: the rows of one partition below an offset, in one journal and in the other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.migrate import prepare
from shared.adapters.clickhouse.queries import LEDGER, statement
from shared.runtime.settings import Settings
from tests.support.small_ledger import consumed, write

MADE = consumed(3, 40)
PARTITION = max(MADE, key=lambda number: len(MADE[number]))
END = len(MADE[PARTITION])
WRONG = END // 2
"""The offset that the two tell differently; and the last one is only in the living journal."""
SIDES = ("compared_living", "compared_rebuilt")


@pytest.fixture(scope="module")
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    whole = MADE[PARTITION]
    wrong = whole[WRONG]._replace(recorded_at_ms=whole[WRONG].recorded_at_ms + 1)
    others = MADE | {PARTITION: [*whole[:WRONG], wrong, *whole[WRONG + 1 : -1]], (PARTITION + 1) % len(MADE): []}
    async with await connect_async(clickhouse_settings) as connected:
        for side, made in zip(SIDES, (MADE, others), strict=True):
            await asyncio.to_thread(prepare, clickhouse_settings, side)
            async with await connect_async(clickhouse_settings, database=side) as one:
                await write(ClickHouseJournal(one), made)
        yield connected
        for side in SIDES:
            await connected.command(statement("drop_database"), {"database": side})


@pytest.mark.parametrize(
    ("end", "wrong"), [(WRONG, []), (WRONG + 1, [WRONG]), (END - 1, [WRONG]), (END, [WRONG, END - 1])]
)
async def test_rows_that_only_one_of_two_journals_has_are_told(client: AsyncClient, end: int, wrong: list[int]) -> None:
    living, rebuilt = SIDES
    compared = {"living": living, "rebuilt": rebuilt, "journal": LEDGER, "partition": PARTITION, "end": end}
    rows = (await client.query(statement("differing_rows"), compared | {"first": 1_000})).result_rows
    ((differences,),) = (await client.query(statement("differences"), compared)).result_rows
    assert differences == len(rows)
    assert sorted({row[1] for row in rows}) == wrong
    for journal, offset, _, _, source, name, _ in rows:
        told = MADE[PARTITION][offset].message
        assert (source, name) == ((told.source, told.id) if offset == WRONG else ("", ""))
        assert journal == "living" or offset == WRONG
    assert {"living", "rebuilt"} == {row[0] for row in rows if row[1] == WRONG} or not wrong
