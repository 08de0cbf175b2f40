"""What is told again after a catalogue gained a code, and what the fold makes of it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from services.aggregator.folding import decoded, fold_batch
from services.ingest.replaying import JournalLagsError, Replay, Replayed
from services.ingest.screening import Refusal, Screen
from services.ingest.tokens import Tokeniser
from shared.contracts.facts import RECORDED
from shared.contracts.topics import PARTITIONS
from shared.ports import Kept, Outgoing
from shared.reference.catalogue import Catalogues, load
from tests.contract.examples import IDENTIFIERS, accepted, one_line, refused
from tests.support.catalogues import with_code
from tests.support.fakes import FakeJournal
from tests.support.logs import records
from tests.support.receipts import FakeLogEnds, FakeReceiptBook
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
TOKENS = Tokeniser(b"k" * 32)


class World:
    """A log, its journal and whoever counts it: everything but time."""

    def __init__(self) -> None:
        self.log = FakeLog()
        self.journal = FakeJournal()
        self.ends = FakeLogEnds()
        self.book = FakeReceiptBook(self.journal, self.ends)

    async def told(self, *messages: bytes, catalogues: Catalogues | None = None) -> None:
        screen = Screen(catalogues or load(), TOKENS)
        for message in messages:
            result = screen.screen(message, json.loads(message)["source"], NOW)
            record = result.record if isinstance(result, Refusal) else result
            assert record
            await self.log.publish([record])
        await self.count()

    async def count(self) -> None:
        """What the aggregator does."""
        self.ends.reaches = tuple(len(self.log.messages[number]) for number in range(PARTITIONS))
        for number in range(PARTITIONS):
            position = await self.journal.position(number)
            new = [one.value for one in self.log.messages[number][position.next_offset :]]
            known: dict[str, list[Any]] = {}
            for fact in await self.journal.counted_facts(number, 0, position.next_offset):
                known.setdefault(fact.subject, []).append((fact.offset, fact.fact))
            folded = fold_batch(decoded(records(new, start=position.next_offset)), known, position)
            if folded.consumed:
                await self.journal.append(number, position.next_offset, 0, folded.consumed)

    async def replay(self, catalogues: Catalogues) -> Replayed:
        done = await Replay(self.book, self.ends, self.log, catalogues).run(patience_seconds=0)
        await self.count()
        return done

    async def outcomes(self, fact_id: str) -> list[str]:
        return [record.outcome for record in (await self.book.fate(fact_id, None)).records]


UNKNOWN = refused()["unknown-code"].message
KNOWING = with_code("liberty_type", "absuelto")


async def test_nothing_is_told_again_while_the_code_is_unknown():
    world = World()
    await world.told(UNKNOWN)
    assert await world.replay(load()) == Replayed(sent=0, unknown=1)
    assert await world.outcomes("x-000001") == ["quarantined"]


async def test_once_the_code_is_known_the_fact_counts_and_running_it_twice_changes_nothing():
    world = World()
    await world.told(UNKNOWN)
    assert await world.replay(KNOWING) == Replayed(sent=1, unknown=0)
    assert await world.outcomes("x-000001") == ["quarantined", "counted"]
    before = world.log.published
    assert await world.replay(KNOWING) == Replayed(sent=0, unknown=0)
    assert world.log.published == before


async def test_what_is_told_again_is_what_the_door_would_have_written():
    world, knowing = World(), World()
    await world.told(UNKNOWN)
    await world.replay(KNOWING)
    await knowing.told(UNKNOWN, catalogues=KNOWING)
    (fact,) = decoded(records([knowing.log.published[0].value]))
    (again,) = decoded(records([world.log.published[1].value]))
    assert again[1] == fact[1]
    RECORDED[fact[1].type].model_validate_json(world.log.published[1].value)
    assert not IDENTIFIERS.search(world.log.published[1].value.decode())


async def test_if_the_establishment_sends_it_again_as_well_that_is_a_duplicate_without_conflict():
    world = World()
    await world.told(UNKNOWN)
    await world.replay(KNOWING)
    await world.told(UNKNOWN, catalogues=KNOWING)
    assert await world.outcomes("x-000001") == ["quarantined", "counted", "duplicate"]


async def test_what_the_establishment_corrected_itself_is_not_told_again():
    world = World()
    corrected = json.loads(UNKNOWN)
    corrected["data"]["liberty_type"] = json.loads(accepted()["release/acquitted"])["data"]["liberty_type"]
    await world.told(UNKNOWN, one_line(corrected))
    assert await world.replay(KNOWING) == Replayed(sent=0, unknown=0)
    assert await world.outcomes("x-000001") == ["quarantined", "counted"]


async def test_offences_get_their_rank_and_tokens_stay_as_they_are():
    message = refused()["unknown-offence-deep-inside"].message
    code = next(
        offence["code"]
        for offence in json.loads(message)["data"]["offences"]
        if offence["code"] not in load()["offence"]
    )
    knowing = with_code("offence", code, rank=7)
    world, at_once = World(), World()
    await world.told(message)
    assert await world.replay(knowing) == Replayed(sent=1, unknown=0)
    await at_once.told(message, catalogues=knowing)
    again, direct = (json.loads(each.value)["data"] for each in (world.log.published[-1], at_once.log.published[0]))
    assert again == direct
    assert '"rank": 7' in json.dumps(again)


@pytest.mark.parametrize("name", accepted())
async def test_every_type_can_be_told_again(name: str):
    """A quarantined record whose payload was kept, made of an accepted fact of each type."""
    fact = json.loads(accepted()[name])
    outgoing = Screen(load(), TOKENS).screen(accepted()[name], fact["source"], NOW)
    assert isinstance(outgoing, Outgoing)
    recorded = json.loads(outgoing.value)
    data = {"original_type": fact["type"], "payload": {"time": recorded["time"], "data": recorded["data"]}}
    world = World()
    kept = Kept(fact["source"], fact["id"], recorded["subject"], json.dumps({"data": data}).encode())
    again = Replay(world.book, world.ends, world.log, load())._again(kept)
    assert again
    assert again[:2] == outgoing[:2]
    assert {name: value for name, value in json.loads(again.value).items() if name != "datacontenttype"} == {
        name: value for name, value in recorded.items() if name != "datacontenttype"
    }


async def test_while_the_journal_lags_nothing_is_told_again():
    world = World()
    await world.told(UNKNOWN)
    world.ends.reaches = (9,) * PARTITIONS
    with pytest.raises(JournalLagsError):
        await Replay(world.book, world.ends, world.log, KNOWING).run(patience_seconds=0)
    assert len(world.log.published) == 1
