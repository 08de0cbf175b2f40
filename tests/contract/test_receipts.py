"""What a book of receipts promises, held against the one in memory and the one in ClickHouse."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import orjson
import pytest

from services.aggregator.folding import decoded, fold_batch
from shared.adapters.clickhouse.client import AsyncClient, connect_async
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.adapters.clickhouse.queries import LEDGER
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.contracts.mapping import merge_notice
from shared.contracts.questions import LEDGER_VERSION
from shared.contracts.receipts import FateRecord, Place
from shared.domain.facts import DAY_MS, Fact
from shared.ports import Journal, JournalError, Position, ReceiptBook
from tests.support.fakes import FakeJournal, Part
from tests.support.logs import message, records, tick, token
from tests.support.receipts import FakeLogEnds, FakeReceiptBook

DAY = date(2026, 1, 10)
MIDNIGHT_MS = int(datetime(2026, 1, 11, 5, tzinfo=UTC).timestamp() * 1000)
"""The end of that day in Lima."""
ODD = "a'b\\t\"c{d:String}%/--"
ENDS = (3, 5, 0, 0, 0, 0, 0, 0, 0)


def _fact(fact_id: str, source: str = "ep-001", person: int = 1, sex: str = "male") -> bytes:
    data = {"establishment": source, "motive": "nuevo-ingreso", "profile": {"sex": sex}, "cases": []}
    return message(Fact(source, fact_id, "admission", 20_000 * DAY_MS, data), token(person))


def _refused(fact_id: str, source: str = "ep-001", **more: object) -> bytes:
    data = {"original_type": "siep.admission.v1", "field": "data.motive", "code": "unknown_code"}
    data |= {"expected": "a code of the catalogue", "payload_sha256": "0" * 64} | more
    return orjson.dumps(
        {"id": fact_id, "source": source, "type": "siep.quarantined.v1", "time": "2026-01-10T15:00:00Z",
         "subject": token(1), "data": data}
    )  # fmt: skip


@dataclass(frozen=True)
class Subject:
    """A book under test, the journal that it tells of, and the log."""

    book: ReceiptBook
    journal: Journal
    log: FakeLogEnds

    async def append(self, partition: int, values: Sequence[bytes], appended_ms: int, start: int = 0) -> None:
        """Count these messages, a second apart, as the aggregator does."""
        before = await self.journal.position(partition)
        facts = await self.journal.counted_facts(partition, 0, start)
        known = {one.subject: [(f.offset, f.fact) for f in facts if f.subject == one.subject] for one in facts}
        log = records(values, start=start, appended_ms=appended_ms)
        position = Position(start, before.seq, before.recorded_at_ms)
        await self.journal.append(partition, start, 0, fold_batch(decoded(log), known, position).consumed)


@pytest.fixture(params=["memory", "clickhouse"])
async def subject(request: pytest.FixtureRequest) -> AsyncIterator[Subject]:
    log = FakeLogEnds(ENDS)
    if request.param == "memory":
        journal = FakeJournal()
        yield Subject(FakeReceiptBook(journal, log), journal, log)
        return
    client = await connect_async(request.getfixturevalue("clickhouse_settings"))
    await client.command(f"TRUNCATE TABLE {LEDGER}")

    async def connected() -> AsyncClient:
        return client

    yield Subject(ClickHouseReceipts(connected, log), ClickHouseJournal(client), log)
    await client.close()


async def test_an_empty_journal_knows_nothing_and_says_what_waits(subject: Subject) -> None:
    fate = await subject.book.fate("a", "ep-001")
    assert (fate.fate, fate.records) == ("unknown_or_waiting", [])
    assert fate.standing.model_dump() == {
        "position": f"p1.{LEDGER_VERSION}.0-0-0-0-0-0-0-0-0",
        "recorded_until": None,
        "missing": 0,
        "waiting": 8,
    }
    assert (await subject.book.sums(DAY, DAY + timedelta(1), None)).days == []
    assert (await subject.book.quarantine(DAY, DAY + timedelta(1), None)).messages == []


async def test_an_id_that_is_not_there_is_unknown_only_when_nothing_waits(subject: Subject) -> None:
    await subject.append(0, [_fact("a")], MIDNIGHT_MS)
    subject.log.reaches = (1, 0, 0, 0, 0, 0, 0, 0, 0)
    known = await subject.book.fate("b", "ep-001")
    assert (known.fate, known.standing.waiting) == ("unknown", 0)
    subject.log.reaches = None
    silent = await subject.book.fate("b", "ep-001")
    assert (silent.fate, silent.standing.waiting) == ("unknown_or_waiting", None)


async def test_the_fate_of_an_id_is_every_record_of_it_with_its_reason(subject: Subject) -> None:
    said = [_refused("a"), _fact("a"), _fact("a"), _fact("a", sex="female"), _fact("a", "ep-002"), _fact("b")]
    await subject.append(1, said, MIDNIGHT_MS - 2_000)
    found = await subject.book.fate("a", "ep-001")
    assert found.fate == "counted"
    assert [record.outcome for record in found.records] == ["quarantined", "counted", "duplicate", "conflict"]
    assert found.records[0] == FateRecord(
        partition=1, offset=0, recorded_at=datetime(2026, 1, 11, 4, 59, 58, tzinfo=UTC), source="ep-001", id="a",
        outcome="quarantined", type="siep.admission.v1", field="data.motive", code="unknown_code",
        expected="a code of the catalogue",
    )  # fmt: skip
    assert (found.records[1].type, found.records[1].field) == ("siep.admission.v1", "")
    assert {record.source for record in (await subject.book.fate("a", None)).records} == {"ep-001", "ep-002"}
    assert (await subject.book.fate("a", "ep-002")).records[0].offset == 4


async def test_what_aggregators_tell_each_other_is_no_record_of_a_fact(subject: Subject) -> None:
    """Whoever names a fact as they name theirs is told of that fact alone."""
    notice = merge_notice("0:7", token(1), MIDNIGHT_MS, token(2))
    await subject.append(1, [notice, notice, _fact("0:7")], MIDNIGHT_MS)
    found = await subject.book.fate("0:7", None)
    assert [(record.source, record.outcome) for record in found.records] == [("ep-001", "counted")]
    assert [(day.source, day.sent) for day in (await subject.book.sums(DAY, DAY + timedelta(2), None)).days] == [
        ("ep-001", 1)
    ]


async def test_a_void_says_whether_it_found_what_it_annuls(subject: Subject) -> None:
    target = {"target": {"source": "ep-001", "id": "a"}}
    void = message(Fact("ep-001", "v|1", "void", 20_001 * DAY_MS, target), token(1))
    await subject.append(1, [void], MIDNIGHT_MS)
    assert (await subject.book.fate("v|1", "ep-001")).contradictions == ["target_not_known"]
    assert (await subject.book.fate("v|1", None)).contradictions == ["target_not_known"]
    assert (await subject.book.fate("v|1", "ep-002")).contradictions == []
    assert (await subject.book.fate("1", "ep-001")).contradictions == []
    await subject.append(1, [_fact("a")], MIDNIGHT_MS + 1_000, start=1)
    found = await subject.book.fate("v|1", "ep-001")
    assert (found.fate, found.contradictions) == ("counted", [])


async def test_what_was_only_quarantined_is_quarantined(subject: Subject) -> None:
    await subject.append(1, [_refused("a")], MIDNIGHT_MS)
    assert (await subject.book.fate("a", "ep-001")).fate == "quarantined"


async def test_an_id_is_taken_letter_by_letter(subject: Subject) -> None:
    await subject.append(1, [_fact(ODD)], MIDNIGHT_MS)
    assert [record.id for record in (await subject.book.fate(ODD, "ep-001")).records] == [ODD]


async def test_sums_close_for_each_day_of_lima_and_each_source(subject: Subject) -> None:
    before = [_fact("a"), _fact("a"), tick(1)]
    after = [_fact("a", sex="female"), _refused("b"), _fact("b", "ep-002")]
    await subject.append(1, [*before, *after], MIDNIGHT_MS - 3_000)
    await subject.append(0, [_fact("c")], MIDNIGHT_MS - 1)
    sums = await subject.book.sums(DAY, DAY + timedelta(2), None)
    told = [
        (d.day.day, d.source, d.sent, d.counted, d.duplicate, d.conflicting, d.quarantined, d.difference)
        for d in sums.days
    ]
    assert told == [
        (10, "ep-001", 3, 2, 1, 0, 0, 0),
        (11, "ep-001", 2, 0, 1, 1, 1, 0),
        (11, "ep-002", 1, 1, 0, 0, 0, 0),
    ]
    assert (sums.standing.position, sums.standing.missing) == (f"p1.{LEDGER_VERSION}.1-6-0-0-0-0-0-0-0", 0)
    assert sums.standing.waiting == 8 - 7
    assert sums.standing.recorded_until == datetime(2026, 1, 11, 5, 0, 2, tzinfo=UTC)
    (own,) = (await subject.book.sums(DAY, DAY + timedelta(1), "ep-001")).days
    assert (own.day, own.sent) == (DAY, 3)


async def test_copies_of_merged_persons_are_nobodys_and_are_not_told(subject: Subject) -> None:
    await subject.append(1, [_fact("a")], MIDNIGHT_MS)
    await subject.append(8, [_fact("a")], MIDNIGHT_MS)
    assert [record.partition for record in (await subject.book.fate("a", None)).records] == [1]
    assert [day.sent for day in (await subject.book.sums(DAY, DAY + timedelta(9), None)).days] == [1]


async def test_a_part_that_was_lost_is_told_as_missing(subject: Subject) -> None:
    await subject.append(1, [_fact("a"), _fact("b")], MIDNIGHT_MS)
    log = records([_fact("c")], start=5, appended_ms=MIDNIGHT_MS)
    lost = fold_batch(decoded(log), {}, Position(5, 5, MIDNIGHT_MS)).consumed
    if isinstance(subject.journal, FakeJournal):
        subject.journal.write(Part((1, 5, 0), lost))
    else:  # past the guard, as a part that vanished would leave it
        client = subject.journal._client
        await client.command(
            f"INSERT INTO {LEDGER} (partition, offset, seq, recorded_at, outcome, source, fact_id)"
            f" VALUES (1, 5, 6, fromUnixTimestamp64Milli({MIDNIGHT_MS}, 'UTC'), 'counted', 'ep-001', 'c')"
        )
    assert (await subject.book.sums(DAY, DAY + timedelta(9), None)).standing.missing == 3


async def test_the_quarantine_tells_the_reason_and_what_resolved_it(subject: Subject) -> None:
    said = [_refused("a"), _refused("b"), _fact("a"), _refused("c", "ep-002"), _fact("b", "ep-002")]
    await subject.append(1, said, MIDNIGHT_MS - 1_000)
    found = await subject.book.quarantine(DAY, DAY + timedelta(2), "ep-001")
    assert [(m.id, m.field, m.code) for m in found.messages] == [
        ("a", "data.motive", "unknown_code"),
        ("b", "data.motive", "unknown_code"),
    ]
    resolved = Place(partition=1, offset=2, recorded_at=datetime(2026, 1, 11, 5, 0, 1, tzinfo=UTC))
    assert [m.resolved_by for m in found.messages] == [resolved, None]
    assert found.left_out == 0
    assert [m.source for m in (await subject.book.quarantine(DAY, DAY + timedelta(2), None)).messages] == [
        "ep-001", "ep-001", "ep-002",
    ]  # fmt: skip
    assert [m.id for m in (await subject.book.quarantine(DAY, DAY + timedelta(1), None)).messages] == ["a"]


async def test_a_long_quarantine_says_what_it_leaves_out(subject: Subject) -> None:
    await subject.append(1, [_refused(f"a{n}") for n in range(1_003)], MIDNIGHT_MS)
    found = await subject.book.quarantine(DAY, DAY + timedelta(9), None)
    assert (len(found.messages), found.left_out) == (1_000, 3)
    assert (found.messages[0].id, found.messages[-1].id) == ("a0", "a999")


async def test_what_was_kept_whole_and_does_not_count_comes_in_pages_the_last_of_each_id(subject: Subject) -> None:
    payload = {"time": "2026-01-09T10:00:00-05:00", "data": {"sex": "ñ"}}
    said = [_refused("b", payload=payload), _refused("b", payload={}), _refused("a", payload={}), _refused("c")]
    said += [_refused("d", payload={}), _fact("d"), _refused("a", "ep-002", payload={}), _fact("a", "ep-003")]
    said.append(_refused("e", payload=payload))
    await subject.append(1, said, MIDNIGHT_MS)
    page = await subject.book.kept(("", ""), 2)
    assert [(one.source, one.id) for one in page] == [("ep-001", "a"), ("ep-001", "b")]
    assert page[1].record == said[1]
    rest = await subject.book.kept(("ep-001", "b"), 9)
    assert [(one.source, one.id) for one in rest] == [("ep-001", "e"), ("ep-002", "a")]
    assert (rest[0].subject, rest[0].record) == (token(1), said[-1])
    assert await subject.book.kept(("ep-002", "a"), 9) == []
    assert (await subject.book.standing()).position == f"p1.{LEDGER_VERSION}.0-9-0-0-0-0-0-0-0"


async def test_a_journal_that_does_not_answer_is_said_so() -> None:
    async def nobody() -> AsyncClient:
        raise ConnectionRefusedError

    with pytest.raises(JournalError):
        await ClickHouseReceipts(nobody, FakeLogEnds()).fate("a", None)
