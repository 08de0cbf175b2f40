"""While facts are being counted, each answer is what was counted up to the position that it names, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from clickhouse_connect.driver.asyncclient import AsyncClient

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.contracts.questions import KnownAt, Question, Table
from shared.domain.dimensions import Dimension
from shared.domain.measures import Measure
from shared.ports import Consumed
from shared.runtime.settings import Settings
from tests.support.small_ledger import LAST, consumed

JOURNAL = "journal_growing"
ASKED = [
    Question(measure=Measure.POPULATION, dimensions=(Dimension.ESTABLISHMENT, Dimension.SEX), at=LAST),
    Question(measure=Measure.POPULATION, dimensions=(Dimension.REGIONAL_OFFICE,), at=LAST),
    Question(measure=Measure.POPULATION, dimensions=(Dimension.AGE_BAND,), at=LAST),
]
POSITIONS = 60


@pytest.fixture
async def client(clickhouse_settings: Settings) -> AsyncIterator[AsyncClient]:
    async with await connect_async(clickhouse_settings) as connected:
        await connected.command(f"CREATE TABLE {JOURNAL} AS journal_3")
        yield connected
        await connected.command(f"DROP TABLE {JOURNAL}")


async def test_an_answer_and_its_position_are_of_one_snapshot(client: AsyncClient) -> None:
    journal = ClickHouseJournal(client, JOURNAL)
    figures = ClickHouseFigures(client, JOURNAL)
    growing = asyncio.create_task(_counted_one_by_one(journal))
    answers: list[Table] = []
    while len({answer.provenance.position for answer in answers}) < POSITIONS:
        assert not growing.done(), "all was counted before enough was asked"
        answers.append(await figures.answer(ASKED[len(answers) % len(ASKED)]))
    growing.cancel()
    await asyncio.wait([growing])
    for answer in answers:
        at = KnownAt(position=str(answer.provenance.position))
        again = await figures.answer(answer.question.model_copy(update={"as_known_at": at}))
        assert (again.rows, again.totals) == (answer.rows, answer.totals)


async def _counted_one_by_one(journal: ClickHouseJournal) -> None:
    """Each fact is an insert of its own, in several partitions at once."""
    await asyncio.gather(*(_partition(journal, number, many) for number, many in consumed(5, 200).items()))


async def _partition(journal: ClickHouseJournal, number: int, many: list[Consumed]) -> None:
    for one in many:
        await journal.append(number, one.offset, 0, [one])
