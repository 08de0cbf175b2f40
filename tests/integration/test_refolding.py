"""Persons folded again out of the journal, on a real engine: it holds at every instant, and finds what no other law does."""

from __future__ import annotations

from collections.abc import AsyncIterator
from random import Random
from typing import NamedTuple

import pytest

from shared.adapters.clickhouse.client import AsyncClient, connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.statements import Statement
from shared.contracts.topics import MERGED_PARTITION, partition_of
from shared.domain.facts import DAY_MS, NAMING, Fact
from shared.domain.laws import LAWS, SAMPLES, Verdict
from shared.ports import Consumed
from shared.runtime.settings import Settings
from tests.property.test_refolding import acts
from tests.simulation.merged import planned
from tests.support.histories import FIRST_DAY
from tests.support.merged import ORDINARY, PERSONS, SmallCountry, token_in
from tests.support.small_ledger import write

LAW = "persons_are_as_folded"
SEEDS = range(8)
ALONE, FIRST, SECOND, PARTED = token_in(0, 9), token_in(0, 2), token_in(1, 1), token_in(1, 4)


class Laws(NamedTuple):
    """A journal of a test's own, and what the laws say of it."""

    client: AsyncClient
    journal: str

    async def of(self, token: str) -> dict[str, Verdict]:
        """All verdicts, with the sample that this token is in."""
        drawn = await self.client.query(f"SELECT sipHash64('{token}') % {SAMPLES}")
        verdicts, _ = await ClickHouseFigures(self.client, self.journal).laws(int(drawn.result_rows[0][0]))
        assert [one.law for one in verdicts] == list(LAWS)
        return {one.law: one for one in verdicts if one.broken}


@pytest.fixture
async def laws(clickhouse_settings: Settings) -> AsyncIterator[Laws]:
    async with await connect_async(clickhouse_settings) as client:
        await client.command("CREATE TABLE journal_folded AS journal_3")
        await client.command("CREATE TABLE journal_spoilt AS journal_3")
        yield Laws(client, "journal_folded")
        await client.command("DROP TABLE journal_folded")
        await client.command("DROP TABLE journal_spoilt")


async def test_it_holds_at_every_instant(laws: Laws) -> None:
    """Late, amended, voided, doubled, merged and parted; some tokens are on their way and some have arrived."""
    journal, random = ClickHouseJournal(laws.client, laws.journal), Random(1)
    under_way = arrived = 0
    for seed in SEEDS:
        await laws.client.command(f"TRUNCATE TABLE {laws.journal}")
        country, written = SmallCountry(), dict[int, int]()
        for _ in acts(country, list(planned(seed).told), random):
            if random.random() < 0.5:
                continue
            await write_new(journal, country, written)
            for token in PERSONS[:3]:
                assert not await laws.of(token), f"seed {seed}"
            under_way += len(named_in(country) - arrived_in(country))
            arrived += len(arrived_in(country))
    assert under_way
    assert arrived


async def write_new(journal: ClickHouseJournal, country: SmallCountry, written: dict[int, int]) -> None:
    for partition in (*ORDINARY, MERGED_PARTITION):
        new = country.rows(partition)[written.get(partition, 0) :]
        await write(journal, {partition: new} if new else {})
        written[partition] = written.get(partition, 0) + len(new)


def rows_of(country: SmallCountry, *partitions: int) -> list[Consumed]:
    return [row for partition in partitions for row in country.rows(partition)]


def named_in(country: SmallCountry) -> set[str]:
    return {
        row.message.subject
        for row in rows_of(country, *ORDINARY)
        if row.message.fact and row.message.fact.kind in NAMING
    }


def arrived_in(country: SmallCountry) -> set[str]:
    return {row.message.subject for row in rows_of(country, MERGED_PARTITION)}


def life(name: str, late: int = 0) -> list[Fact]:
    """Admitted, with another schooling after two days, released: the schooling is told last."""
    start = (FIRST_DAY + late) * DAY_MS
    entry = {"establishment": "ep-001", "motive": "nuevo-ingreso", "declared_admissions": 1, "cases": []}
    profile = {"sex": "male", "schooling": "primaria-completa"}
    return [
        Fact("ep-001", f"{name}-in", "admission", start, {**entry, "profile": profile}),
        Fact("ep-001", f"{name}-out", "release", start + 9 * DAY_MS, {"establishment": "ep-001", "liberty_type": "pena-cumplida"}),
        Fact("ep-001", f"{name}-two", "profile_change", start + 2 * DAY_MS, {"profile": {"schooling": "analfabeto"}}),
    ]  # fmt: skip


def country_of_four() -> SmallCountry:
    """Somebody alone, two tokens that are one person, and one that was taken for the second and is not."""
    country = SmallCountry()
    for n, token in enumerate((ALONE, FIRST, SECOND, PARTED)):
        for fact in life(f"p{n}", late=20 * n):
            country.tell(token, fact)
    country.tell(FIRST, Fact("ep-001", "merge", "identity_merge", 1, {"other": SECOND}))
    country.tell(PARTED, Fact("ep-001", "wrong", "identity_merge", 1, {"other": SECOND}))
    country.tell(PARTED, Fact("ep-001", "void", "void", 2, {"target": {"source": "ep-001", "id": "wrong"}}))
    country.finish()
    return country


PAIR = "cause = 'reclassification' AND outcome = 'entry'"
OTHER_SCHOOLING = "if(outcome = 'entry' AND schooling = 'primaria-completa', 'otra', schooling) AS schooling"
SPOILT = {
    "an attribute": (ALONE, OTHER_SCHOOLING, "1", ""),
    "what a movement says": (ALONE, "if(cause = 'release', 'otra', liberty_type) AS liberty_type", "1", ""),
    "an instant": (ALONE, f"if({PAIR}, effective_at + 1, effective_at) AS effective_at", "1", ""),
    "a pair is missing": (ALONE, "subject", f"NOT ({PAIR})", ""),
    "a pair more": (ALONE, "subject", "1", PAIR),
    "a message": (ALONE, "replaceOne(payload, 'primaria', 'secundaria') AS payload", "1", ""),
    "a message that nobody can read": (ALONE, "if(fact_type = 'siep.admission.v1', '', payload) AS payload", "1", ""),
    "a fact is not counted": (ALONE, "if(fact_type = 'siep.profile_change.v1' AND line = 0, 'duplicate', outcome) AS outcome", "1", ""),
    "what was retracted of a token that has moved": (SECOND, "if(fact_type = 'siep.merge_notice.v1', 'otra', schooling) AS schooling", "1", ""),
}  # fmt: skip


async def spoil(laws: Laws, whose: str, instead: str, kept: str, once_more: str) -> Laws:
    """The same journal, with something else in the rows of one subject in one partition, without some or with some twice."""
    await write(ClickHouseJournal(laws.client, laws.journal), {p: country_of_four().rows(p) for p in (0, 1, 8)})
    copy, line = f"INSERT INTO journal_spoilt SELECT * REPLACE ({{}}) FROM {laws.journal} WHERE", "line + 50 AS line"
    if " AS " not in instead:
        instead = f"{instead} AS {instead}"
    await laws.client.command(f"{copy.format(instead)} {whose} AND {kept}")
    await laws.client.command(f"{copy.format('subject AS subject')} NOT ({whose})")
    if once_more:
        await laws.client.command(f"{copy.format(line)} {whose} AND {once_more}")
    return laws._replace(journal="journal_spoilt")


@pytest.mark.parametrize("how", SPOILT)
async def test_it_finds_what_no_other_law_does(laws: Laws, how: str) -> None:
    token, *change = SPOILT[how]
    partition = partition_of(token)
    spoilt = await spoil(laws, f"subject = '{token}' AND partition = {partition}", *change)
    last = max(row.offset for row in country_of_four().rows(partition) if row.message.subject == token)
    assert await spoilt.of(token) == {LAW: Verdict(LAW, 1, f"partition {partition} offset {last}")}
    assert not await laws.of(token)


@pytest.mark.parametrize("asked", [FIRST, SECOND, PARTED])
async def test_it_finds_a_person_by_each_of_its_tokens(laws: Laws, asked: str) -> None:
    """Also by one that is not of the person any more: all that merges ever named are looked at together."""
    spoilt = await spoil(laws, f"subject = '{FIRST}' AND partition = 8", OTHER_SCHOOLING, "1", "")
    found = await spoilt.of(asked)
    assert [*found] == [LAW]
    assert found[LAW].broken == 1
    assert found[LAW].example.startswith("partition 8 offset ")
    assert not await laws.of(asked)


class Meanwhile(ClickHouseFigures):
    """Before each question the journal has grown by one more merge that has arrived, of a chain of tokens."""

    def __init__(self, client: AsyncClient, journal: str) -> None:
        super().__init__(client, journal)
        self._growing = ClickHouseJournal(client, journal)
        self._country, self._written = country_of_four(), dict[int, int]()

    async def _said(self, asked: Statement) -> bytes:
        await write_new(self._growing, self._country, self._written)
        number = len(self._country.rows(0))
        newcomer = token_in(0, 100 + number)
        self._country.tell(FIRST, Fact("ep-001", f"more-{number}", "identity_merge", 3, {"other": newcomer}))
        self._country.tell(newcomer, life(f"p{number}")[0])
        self._country.finish()
        return await super()._said(asked)


async def test_all_that_one_look_reads_is_known_at_one_position(laws: Laws) -> None:
    """Who is connected is asked before facts and entries: a merge that arrives between the two belongs to the next look."""
    drawn = await laws.client.query(f"SELECT sipHash64('{FIRST}') % {SAMPLES}")
    verdicts, _ = await Meanwhile(laws.client, laws.journal).laws(int(drawn.result_rows[0][0]))
    assert [one for one in verdicts if one.broken] == []
    assert (await laws.client.query(f"SELECT uniq(subject) FROM {laws.journal} WHERE partition = 8")).result_rows == [
        (5,)
    ]


async def test_each_is_in_one_sample(laws: Laws) -> None:
    spoilt = await spoil(laws, f"subject = '{ALONE}' AND partition = 0", OTHER_SCHOOLING, "1", "")
    figures = ClickHouseFigures(spoilt.client, spoilt.journal)
    found = [one for sample in range(SAMPLES) for one in (await figures.laws(sample))[0] if one.broken]
    assert [one.law for one in found] == [LAW]
