from __future__ import annotations

import asyncio
import gc
import socket

import pytest

from shared.adapters.kafka import reader
from shared.adapters.kafka.reader import extent
from shared.contracts.topics import FACTS
from shared.ports import LogError


async def test_where_no_broker_answers_nothing_is_left_open():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(LogError):
            await extent(f"127.0.0.1:{unheard.getsockname()[1]}", FACTS.name, 0)
    gc.collect()  # what is left open warns now, and a warning fails the test


async def test_who_connects_and_hears_nothing_does_not_wait_as_long_as_the_client_would(
    monkeypatch: pytest.MonkeyPatch,
):
    """The client's own limit is 40 s."""
    monkeypatch.setattr(reader, "SILENT_MS", 300)

    with socket.create_server(("127.0.0.1", 0)) as silent:  # connects whoever comes, and never answers
        async with asyncio.timeout(15):
            with pytest.raises(LogError):
                await extent(f"127.0.0.1:{silent.getsockname()[1]}", FACTS.name, 0)
    gc.collect()
