"""How much of open requests may be held at once. Beyond it a sender is asked to come again before anything is read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from shared.ports import SlowDownError

BYTES = 12 * 1024 * 1024
"""Over all requests: what the log takes in a few seconds when every core is busy. More would time out there after ten
seconds, and be sent again (seen with 32 MB). A batch that is parsed takes several times its bytes."""
SHARE = 4
"""One speaker holds at most this part of it: many slow connections of one must not shut the door on the others."""


class Room:
    """Bytes of requests that are being read, over all speakers and for each."""

    def __init__(self, size: int = BYTES) -> None:
        self._size = size
        self._held: Counter[str] = Counter()

    @contextmanager
    def hold(self, speaker: str, size: int) -> Iterator[None]:
        """Keep room for so many bytes meanwhile; whoever is alone always finds some. Raises SlowDownError."""
        others, own = self._held.total(), self._held[speaker]
        if (others and others + size > self._size) or (own and own + size > self._size // SHARE):
            raise SlowDownError("too many requests are being read")
        self._held[speaker] += size
        try:
            yield
        finally:
            self._held[speaker] -= size
