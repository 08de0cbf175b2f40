"""What every way to the log promises (shared.ports.Publisher): the real one and its stand-in pass the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest

from shared.ports import DeadLetter, LogError, Outgoing, Publisher, SlowDownError

LIMIT = 200_000
"""Bytes that the publisher under test lets be under way."""


@dataclass(frozen=True)
class Subject:
    """A publisher under test, with how to read what it wrote and how to make its log stop answering."""

    publisher: Publisher
    messages: Callable[[int, int], Awaitable[list[Outgoing]]]
    letters: Callable[[int], Awaitable[list[DeadLetter]]]
    stall: Callable[[], None]
    resume: Callable[[], None]


def _message(partition: int, number: int, size: int = 20) -> Outgoing:
    return Outgoing(partition, f"key-{number}".encode(), f"{number:0{size}}".encode())


class PublisherSuite:
    """Inherit it and give a fixture `subject` with a log of its own."""

    async def test_messages_arrive_in_their_partition_in_order_with_their_keys(self, subject: Subject):
        sent = [_message(number % 3, number) for number in range(50)]
        await subject.publisher.publish(sent)
        for partition in range(3):
            expected = [message for message in sent if message.partition == partition]
            assert await subject.messages(partition, len(expected)) == expected

    async def test_one_message_alone_arrives(self, subject: Subject):
        await subject.publisher.publish([_message(8, 1)])
        assert await subject.messages(8, 1) == [_message(8, 1)]

    async def test_nothing_to_publish_is_published_at_once(self, subject: Subject):
        await subject.publisher.publish([])

    async def test_more_than_one_batch_holds_arrives_whole_and_in_order(self, subject: Subject):
        sent = [_message(4, number, size=100_000) for number in range(12)]
        await subject.publisher.publish(sent)
        assert await subject.messages(4, 12) == sent

    async def test_dead_letters_arrive_with_their_headers(self, subject: Subject):
        letters = [
            DeadLetter(b"ep-001", b"not json", (("outcome", b"rejected"), ("field", b""))),
            DeadLetter(None, b"{}", (("outcome", b"quarantined"), ("field", b"time"))),
        ]
        await subject.publisher.publish([_message(0, 1)], letters)
        assert sorted(await subject.letters(2), key=str) == sorted(letters, key=str)

    async def test_concurrent_publishing_loses_nothing(self, subject: Subject):
        sent = [[_message(number % 4, 100 * group + number) for number in range(10)] for group in range(10)]
        await asyncio.gather(*(subject.publisher.publish(group) for group in sent))
        for partition in range(4):
            expected = {message for group in sent for message in group if message.partition == partition}
            assert set(await subject.messages(partition, len(expected))) == expected

    async def test_a_log_that_answers_is_ready(self, subject: Subject):
        assert await subject.publisher.ready()

    async def test_a_log_that_does_not_answer_is_said_so_and_then_load_is_refused(self, subject: Subject):
        await subject.publisher.publish([_message(5, 0)])
        subject.stall()
        try:
            with pytest.raises(LogError):
                await subject.publisher.publish([_message(5, 1, size=LIMIT)])
            assert not await subject.publisher.ready()
            with pytest.raises(SlowDownError):
                await subject.publisher.publish([_message(5, 2)])
        finally:
            subject.resume()
        # What was not acknowledged in time may be written all the same; what was refused never is.
        assert await subject.messages(5, 2) == [_message(5, 0), _message(5, 1, size=LIMIT)]
        await _until_taken(subject.publisher, _message(5, 3))
        assert await subject.messages(5, 3) == [_message(5, 0), _message(5, 1, size=LIMIT), _message(5, 3)]


async def _until_taken(publisher: Publisher, message: Outgoing) -> None:
    async with asyncio.timeout(20):
        while True:
            try:
                return await publisher.publish([message])
            except SlowDownError:
                await asyncio.sleep(0.01)
