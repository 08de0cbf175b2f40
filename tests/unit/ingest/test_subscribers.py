from __future__ import annotations

import pytest

from services.ingest import subscribers
from services.ingest.subscribers import open_door


class StuckDoor:
    """Opens at the third push; a door that failed must be closed before it is pushed again."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    async def start(self) -> None:
        self.heard.append("start")
        if self.heard.count("start") < 3:
            raise ConnectionError("the broker is not there yet, dni 00000017")

    async def stop(self) -> None:
        self.heard.append("stop")


async def test_a_door_that_does_not_open_is_tried_again(monkeypatch: pytest.MonkeyPatch, caplog):
    monkeypatch.setattr(subscribers, "PAUSE_SECONDS", 0)
    door = StuckDoor()
    await open_door(door)
    assert door.heard == ["start", "stop", "start", "stop", "start"]
    assert [record.why for record in caplog.records] == ["ConnectionError", "ConnectionError"]
