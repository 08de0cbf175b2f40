"""Room for requests that are being read."""

from __future__ import annotations

import pytest

from services.ingest.room import Room
from shared.ports import SlowDownError


def test_one_speaker_holds_a_part_and_leaves_the_rest_to_others() -> None:
    room = Room(400)
    with room.hold("ep-001", 60), room.hold("ep-001", 40):
        with pytest.raises(SlowDownError), room.hold("ep-001", 1):
            pass
        with room.hold("ep-002", 100), room.hold("ep-003", 100):
            pass


def test_all_together_hold_no_more_than_there_is() -> None:
    room = Room(400)
    with room.hold("a", 100), room.hold("b", 100), room.hold("c", 100), room.hold("d", 99):
        with pytest.raises(SlowDownError), room.hold("e", 2):
            pass
        with room.hold("e", 1):
            pass
    with room.hold("e", 1_000):  # alone, whatever it is
        pass


def test_what_ends_badly_gives_its_room_back() -> None:
    room = Room(400)
    with pytest.raises(ZeroDivisionError), room.hold("a", 400):
        raise ZeroDivisionError
    with room.hold("b", 400):
        pass
