import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime

from services.ingest.ticking import tick_for_ever, ticks
from shared.contracts.facts import RECORDED, TICK
from shared.contracts.mapping import decode
from shared.ports import DeadLetter, Outgoing
from shared.runtime.clock import FixedClock
from tests.unit.ingest.fakes import FakeLog

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_there_is_one_tick_for_each_partition():
    made = ticks(NOW)
    assert [tick.partition for tick in made] == list(range(9))
    for tick in made:
        assert tick.key == b"tick"
        RECORDED[TICK].model_validate_json(tick.value)
        assert json.loads(tick.value)["data"] == {"partition": tick.partition}
        assert decode(tick.value).type == TICK


class CountingLog(FakeLog):
    """Says when it was written to three times."""

    def __init__(self) -> None:
        super().__init__()
        self.thrice = asyncio.Event()

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        await super().publish(messages, letters)
        if len(self.messages[8]) >= 3:
            self.thrice.set()


async def test_it_ticks_at_once_and_goes_on_when_the_log_answers_again():
    log = CountingLog()
    log.stall()
    ticking = asyncio.create_task(tick_for_ever(log, FixedClock(NOW), every_seconds=0.001))
    await asyncio.sleep(0)
    log.resume()
    async with asyncio.timeout(5):
        await log.thrice.wait()
    ticking.cancel()
    assert all(len(log.messages[partition]) >= 3 for partition in range(9))
