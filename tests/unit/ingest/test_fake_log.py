"""The stand-in for the log keeps the promises of the real one."""

import pytest

from tests.contract.publisher_suite import LIMIT, PublisherSuite, Subject
from tests.unit.ingest.fakes import FakeLog


class TestFakeLog(PublisherSuite):
    @pytest.fixture
    async def subject(self) -> Subject:
        log = FakeLog(most_under_way=LIMIT)

        async def messages(partition: int, count: int):
            await log.acknowledged(partition, count)
            return log.messages[partition]

        async def letters(count: int):
            assert len(log.letters) == count
            return log.letters

        return Subject(log, messages, letters, log.stall, log.resume)
