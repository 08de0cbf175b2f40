from __future__ import annotations

import gc
import socket

import pytest

from shared.adapters.kafka.reader import extent
from shared.contracts.topics import FACTS
from shared.ports import LogError


async def test_where_no_broker_answers_nothing_is_left_open():
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        with pytest.raises(LogError):
            await extent(f"127.0.0.1:{unheard.getsockname()[1]}", FACTS.name, 0)
    gc.collect()  # what is left open warns now, and a warning fails the test
