"""What a request leaves in the log, and what its receipt says."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from services.ingest.flooding import LIMIT, WINDOW, FloodGuard
from services.ingest.handlers import MOST_REFUSED, BrokenOffError, Ingest, Piece, Receipt
from services.ingest.screening import Screen
from services.ingest.tokens import Tokeniser
from shared.ports import SlowDownError
from shared.reference.catalogue import load
from shared.runtime.clock import FixedClock
from tests.contract.examples import accepted, refused
from tests.support.receipts import FakeBlocks
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
SCREEN = Screen(load(), Tokeniser(b"k" * 32))
GOOD = accepted()["release/acquitted"]
UNKNOWN_CODE = refused()["unknown-code"].message
NO_PERSON = refused()["no-person"].message


def _ingest(log: FakeLog) -> Ingest:
    return Ingest(SCREEN, log, FixedClock(NOW), FloodGuard(FakeBlocks(LIMIT, WINDOW), ["ep-022"]))


async def _pieces(*pieces: list[bytes]) -> AsyncIterator[Piece]:
    start = 1
    for lines in pieces:
        yield Piece(start, lines)
        start += len(lines)


async def _receive(log: FakeLog, *pieces: list[bytes]) -> Receipt:
    return await _ingest(log).receive(_pieces(*pieces), "ep-022")


async def test_a_bad_line_never_spoils_its_neighbours():
    log = FakeLog()
    receipt = await _receive(log, [GOOD, b"not json", GOOD, UNKNOWN_CODE], [b"", b"  ", NO_PERSON, GOOD])
    assert receipt.accepted == 3
    assert [(refused.line, refused.refusal.outcome) for refused in receipt.refused] == [
        (2, "rejected"),
        (4, "quarantined"),
        (7, "rejected"),
    ]
    assert receipt.resume_from is None
    types = [json.loads(message.value)["type"] for message in log.published]
    assert sorted(types) == ["siep.quarantined.v1", *["siep.release.v1"] * 3]


async def test_what_is_quarantined_over_http_is_a_dead_letter_and_what_is_rejected_is_only_answered():
    log = FakeLog()
    await _receive(log, [UNKNOWN_CODE, NO_PERSON])
    [letter] = log.letters
    assert (letter.key, letter.value) == (b"ep-022", UNKNOWN_CODE)
    headers = dict(letter.headers)
    assert (headers["outcome"], headers["field"], headers["code"]) == (
        b"quarantined",
        b"data.liberty_type",
        b"unknown_code",
    )


async def test_after_a_thousand_bad_lines_it_stops_at_the_next_and_says_where():
    log = FakeLog()
    lines = [NO_PERSON] * MOST_REFUSED + [GOOD] * 5
    receipt = await _receive(log, lines, [GOOD, NO_PERSON, GOOD], [GOOD])
    assert len(receipt.refused) == MOST_REFUSED
    assert receipt.resume_from == MOST_REFUSED + 5 + 2
    assert receipt.accepted == 6 == len(log.published)


async def test_exactly_a_thousand_bad_lines_are_all_listed():
    receipt = await _receive(FakeLog(), [NO_PERSON] * MOST_REFUSED, [GOOD])
    assert (len(receipt.refused), receipt.accepted, receipt.resume_from) == (MOST_REFUSED, 1, None)


async def test_when_the_log_stops_answering_the_receipt_holds_what_was_recorded_before():
    log = FakeLog()

    async def pieces() -> AsyncIterator[Piece]:
        yield Piece(1, [GOOD, NO_PERSON])
        log.stall()
        yield Piece(3, [GOOD])

    with pytest.raises(BrokenOffError) as broken:
        await _ingest(log).receive(pieces(), "ep-022")
    receipt = broken.value.receipt
    assert (receipt.accepted, len(receipt.refused), receipt.resume_from) == (1, 1, 3)
    log.resume()


async def test_a_load_that_is_refused_is_told_apart():
    log = FakeLog(most_under_way=1)
    log.stall()
    with pytest.raises(BrokenOffError):
        await _receive(log, [GOOD])
    with pytest.raises(BrokenOffError) as broken:
        await _receive(log, [GOOD])
    assert isinstance(broken.value.__cause__, SlowDownError)
    log.resume()


async def test_the_kafka_door_leaves_the_same_in_the_log_as_the_http_door():
    by_http, by_kafka = FakeLog(), FakeLog()
    lines = [GOOD, UNKNOWN_CODE, NO_PERSON, GOOD]
    await _receive(by_http, lines)
    await _ingest(by_kafka).take_from_topic([("ep-022", line) for line in lines])
    assert by_kafka.messages == by_http.messages


async def test_what_is_rejected_from_kafka_is_a_dead_letter_with_the_reason():
    log = FakeLog()
    await _ingest(log).take_from_topic([("ep-022", NO_PERSON), ("ep-045", GOOD), (None, GOOD), ("ep-022", b"\xff")])
    assert log.published == []
    reasons = [(letter.key, dict(letter.headers)["code"]) for letter in log.letters]
    assert reasons == [
        (b"ep-022", b"missing"),
        (b"ep-045", b"not_yours"),
        (None, b"not_yours"),
        (b"ep-022", b"json_invalid"),
    ]


@pytest.mark.parametrize("name", accepted())
async def test_an_example_sent_twice_is_recorded_twice_under_one_identity(name: str):
    log = FakeLog()
    speaker = json.loads(accepted()[name])["source"]
    for _ in range(2):
        await _ingest(log).receive(_pieces([accepted()[name]]), speaker)
    first, second = log.published
    assert first == second
