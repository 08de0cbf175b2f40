"""A stand-in for the log that passes the suite of the real one (`tests/contract/publisher_suite.py`)."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from shared.ports import DeadLetter, LogError, Outgoing, SlowDownError


class FakeLog:
    """Keeps what is published in memory; `stall` makes it stop acknowledging until `resume`."""

    def __init__(self, most_under_way: int = 1_000_000) -> None:
        self.messages: defaultdict[int, list[Outgoing]] = defaultdict(list)
        self.letters: list[DeadLetter] = []
        self._answering = asyncio.Event()
        self._answering.set()
        self._most_under_way = most_under_way
        self._under_way = 0
        self._waiting: set[asyncio.Task[None]] = set()

    def stall(self) -> None:
        self._answering.clear()

    def resume(self) -> None:
        self._answering.set()

    @property
    def published(self) -> list[Outgoing]:
        return [message for partition in sorted(self.messages) for message in self.messages[partition]]

    async def acknowledged(self, partition: int, count: int) -> None:
        """Return when the partition holds so many messages."""
        if self._waiting:
            await asyncio.wait(self._waiting)
        assert len(self.messages[partition]) == count

    async def ready(self) -> bool:
        """See shared.ports.Publisher."""
        return self._answering.is_set()

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        """See shared.ports.Publisher."""
        if self._under_way >= self._most_under_way:
            raise SlowDownError
        size = sum(len(one.value) for one in [*messages, *letters])
        self._under_way += size
        task = asyncio.ensure_future(self._write(messages, letters, size))
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)
        if self._answering.is_set():
            await task
        else:
            raise LogError("not acknowledged")

    async def _write(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter], size: int) -> None:
        await self._answering.wait()
        for message in messages:
            self.messages[message.partition].append(message)
        self.letters += letters
        self._under_way -= size
