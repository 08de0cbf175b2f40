"""What the journal promises, held against the one in memory and the table in ClickHouse."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from services.aggregator.folding import decoded, fold_batch
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.mapping import merge_notice, moved
from shared.domain.facts import DAY_MS, Fact
from shared.ports import Consumed, Journal, JournalError, Moved, Position, Told
from tests.support.fakes import FakeJournal
from tests.support.logs import APPENDED_MS, message, records, tick, token

BEGINNING = Position(0, 0, 0)
DAY = 20_000 * DAY_MS


def admission(person: int, fact_id: str = "f1") -> bytes:
    data = {"establishment": "ep-001", "motive": "nuevo-ingreso", "profile": {"sex": "male"}, "cases": []}
    return message(Fact("ep-001", fact_id, "admission", DAY, data), token(person))


def batch(count: int, position: Position = BEGINNING) -> list[Consumed]:
    """So many admissions of new people at this position."""
    start = position.next_offset
    log = records((admission(start + n) for n in range(count)), start=start, appended_ms=APPENDED_MS + start * 1000)
    return fold_batch(decoded(log), {}, position).consumed


@dataclass(frozen=True)
class Table:
    """A journal under test, another door to it, and how to lose the rows of some offsets but not their tokens."""

    journal: Journal
    beside: Journal
    lose: Callable[[int, int], Awaitable[object]]


@pytest.fixture(params=["memory", "clickhouse"])
async def table(request: pytest.FixtureRequest) -> AsyncIterator[Table]:
    if request.param == "memory":
        yield in_memory(FakeJournal())
        return
    settings = request.getfixturevalue("clickhouse_settings")
    client, other = await connect_async(settings), await connect_async(settings)
    await client.command("TRUNCATE TABLE journal_3")
    yield Table(
        ClickHouseJournal(client),
        ClickHouseJournal(other),
        lambda start, end: client.command(
            "ALTER TABLE journal_3 DELETE WHERE offset >= {start:UInt64} AND offset < {end:UInt64} "
            "SETTINGS mutations_sync = 1",
            {"start": start, "end": end},
        ),
    )
    await client.close()
    await other.close()


def in_memory(journal: FakeJournal) -> Table:
    async def lose(start: int, end: int) -> None:
        journal.parts = [part for part in journal.parts if not start <= part.rows[0].offset < end]

    return Table(journal, journal, lose)


@pytest.fixture
def journal(table: Table) -> Journal:
    return table.journal


async def test_an_empty_partition_stands_at_the_beginning(journal: Journal) -> None:
    assert await journal.position(3) == BEGINNING
    assert await journal.missing(3) == 0


async def test_what_was_appended_moves_the_position(journal: Journal) -> None:
    consumed = batch(4)
    await journal.append(3, 0, 0, consumed)
    assert await journal.position(3) == Position(4, 4, consumed[-1].recorded_at_ms)
    assert await journal.missing(3) == 0
    assert await journal.position(4) == BEGINNING


async def test_an_append_behind_the_position_is_refused_and_writes_nothing(journal: Journal) -> None:
    await journal.append(3, 0, 0, batch(4))
    with pytest.raises(JournalError):
        await journal.append(3, 0, 1, batch(2))
    assert (await journal.position(3)).next_offset == 4


async def test_an_append_before_its_turn_is_refused_and_writes_nothing(journal: Journal) -> None:
    await journal.append(3, 0, 0, batch(4))
    ahead = Position(6, 6, APPENDED_MS + 9_000)
    with pytest.raises(JournalError):
        await journal.append(3, 6, 0, batch(2, ahead))
    assert (await journal.position(3)).next_offset == 4
    assert await journal.missing(3) == 0


async def test_counted_facts_come_back_as_they_were_told(journal: Journal) -> None:
    log = records([admission(1), admission(1), admission(1, "f2"), tick(0), admission(2)])
    await journal.append(3, 0, 0, fold_batch(decoded(log), {}, BEGINNING).consumed)
    found = await journal.counted_facts(3, 0, 5)
    assert [(one.offset, one.subject) for one in found] == [(0, token(1)), (2, token(1)), (4, token(2))]
    assert [one.fact for one in found] == [said.fact for record, said in decoded(log) if record.offset in (0, 2, 4)]
    assert [one.offset for one in await journal.counted_facts(3, 1, 4)] == [2]


async def test_the_message_at_an_offset_is_kept_as_it_stands_in_the_log(journal: Journal) -> None:
    await journal.append(3, 0, 0, batch(2))
    assert await journal.payload_at(3, 1) == admission(1)
    assert await journal.payload_at(3, 2) is None


async def test_what_is_owed_of_tokens_that_have_moved_is_told_and_what_others_have_of_it(journal: Journal) -> None:
    merge = message(Fact("ep-001", "m", "identity_merge", DAY, {"other": token(9)}), token(1))
    log = records(
        [admission(1), admission(2), merge, merge, admission(1, "f2"), merge_notice("5:7", token(2), DAY, token(8))]
    )
    consumed = fold_batch(decoded(log), {}, BEGINNING).consumed
    await journal.append(3, 0, 0, consumed)
    times = [row.recorded_at_ms for row in consumed]
    assert await journal.moved(3, 0) == [
        Moved(2, token(1), times[2], 2, True, token(9)),
        Moved(4, token(1), times[4], 2, True, ""),
        Moved(5, token(2), times[5], 5, False, ""),
    ]
    assert [[row.offset for row in await journal.moved(3, start)] for start in (3, 4, 5)] == [[4, 5], [4, 5], [5]]
    assert await journal.payloads_of(3, [token(1), token(2)]) == [
        (0, token(1), admission(1)), (1, token(2), admission(2)), (2, token(1), merge),
        (4, token(1), admission(1, "f2")), (5, token(2), b""),
    ]  # fmt: skip
    assert await journal.told_by(5, [3, 4]) == {Told(3, "5:7")}
    assert await journal.told_by(5, [4]) == set()
    owed, told = await journal.moved(3, 0), await journal.payloads_of(3, [token(1)])
    copies = [moved(f"3:{row.offset}", token(1), APPENDED_MS, [row.payload]) for row in consumed[:3]]
    await journal.append(8, 0, 0, fold_batch(decoded(records(copies)), {}, BEGINNING).consumed)
    assert (await journal.moved(3, 0), await journal.payloads_of(3, [token(1)])) == (owed, told), (
        "of this partition alone"
    )


async def test_what_was_moved_is_remembered_also_under_whom_it_names(journal: Journal) -> None:
    merge = message(Fact("ep-001", "m", "identity_merge", DAY, {"other": token(9)}), token(1))
    told = moved("0:2", token(1), APPENDED_MS + 90_000, [admission(1), merge])
    consumed = fold_batch(decoded(records([told, told])), {}, BEGINNING).consumed
    assert [(row.outcome, row.recorded_at_ms) for row in consumed] == [
        ("copied", APPENDED_MS + 90_000), ("repeated", APPENDED_MS + 90_000),
    ]  # fmt: skip
    await journal.append(8, 0, 0, consumed)
    found = await journal.counted_facts(8, 0, 2)
    assert [(one.offset, one.subject, one.fact.kind) for one in found] == [
        (0, token(1), "moved"), (0, token(9), "merge_notice"),
    ]  # fmt: skip


async def test_a_token_counts_once_even_if_nothing_else_of_its_insert_is_left(table: Table) -> None:
    """The guard alone would refuse it again; the token protects two inserts that passed the guard together."""
    await table.journal.append(3, 0, 0, batch(5))
    await table.lose(0, 5)
    assert (await table.journal.position(3)).next_offset == 0
    await table.journal.append(3, 0, 0, batch(5))
    assert (await table.journal.position(3)).next_offset == 0, "the token was burnt"
    await table.journal.append(3, 0, 1, batch(5))
    assert (await table.journal.position(3)).next_offset == 5


async def test_rows_lost_before_the_last_are_missing_and_lost_at_the_end_move_the_position_back(table: Table) -> None:
    await table.journal.append(3, 0, 0, batch(4))
    await table.journal.append(3, 4, 0, batch(3, await table.journal.position(3)))
    await table.journal.append(3, 7, 0, batch(2, await table.journal.position(3)))
    await table.lose(7, 9)
    assert ((await table.journal.position(3))[:2], await table.journal.missing(3)) == ((7, 7), 0)
    await table.lose(0, 4)
    assert ((await table.journal.position(3))[:2], await table.journal.missing(3)) == ((7, 7), 4)


async def test_two_inserts_that_pass_the_guard_together_make_one_batch(table: Table) -> None:
    consumed = batch(2_000)
    for partition in range(8):
        inserts = (one.append(partition, 0, 0, consumed) for one in (table.journal, table.beside))
        await asyncio.gather(*inserts, return_exceptions=True)
        assert await table.journal.position(partition) == Position(2_000, 2_000, consumed[-1].recorded_at_ms)
        assert await table.journal.missing(partition) == 0


async def test_rows_of_two_recorded_years_are_refused_and_nothing_is_written(journal: Journal) -> None:
    old, new = batch(2)
    with pytest.raises(JournalError):
        await journal.append(3, 0, 0, [old, new._replace(recorded_at_ms=new.recorded_at_ms + 400 * DAY_MS)])
    assert await journal.position(3) == BEGINNING
