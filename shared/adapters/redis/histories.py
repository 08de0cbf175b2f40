"""Histories of subjects in Redis: appended to under a mark, never set, so a stalled writer cannot erase or skip.

One string per subject holds its counted facts as JSON arrays, each followed by a comma, in order of offset: one MGET
reads all histories of a batch and the mark at the same instant. All keys of a partition share one hash slot.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from shared.domain.facts import Fact
from shared.ports import HistoriesError, Known, LoggedFact

_ADD = """
local mark = tonumber(redis.call('GET', KEYS[1]) or '0')
if mark ~= tonumber(ARGV[1]) then return 0 end
for i = 2, #KEYS do redis.call('APPEND', KEYS[i], ARGV[i + 1]) end
redis.call('SET', KEYS[1], ARGV[2])
return 1
"""


class RedisHistories:
    """The histories of one ledger; `ledger` names it, so that a new fold never reads what an old one kept."""

    def __init__(self, redis: Redis, ledger: str) -> None:
        self._redis = redis
        self._ledger = ledger
        self._add = redis.register_script(_ADD)

    def _key(self, partition: int, what: str) -> str:
        return f"siep:{{{self._ledger}:{partition}}}:{what}"

    async def read(self, partition: int, subjects: Iterable[str]) -> Known:
        """See shared.ports.Histories."""
        names = list(subjects)
        keys = [self._key(partition, "mark"), *(self._key(partition, name) for name in names)]
        try:
            mark, *stored = await self._redis.mget(keys)
        except RedisError as error:
            raise HistoriesError(str(error)) from error
        return Known(int(mark or 0), {name: _facts(text) for name, text in zip(names, stored, strict=True)})

    async def add(self, partition: int, start: int, end: int, facts: Sequence[LoggedFact]) -> bool:
        """See shared.ports.Histories."""
        texts: dict[str, bytes] = {}
        for offset, subject, fact in facts:
            texts[subject] = texts.get(subject, b"") + orjson.dumps((offset, *fact)) + b","
        keys = [self._key(partition, "mark"), *(self._key(partition, subject) for subject in texts)]
        try:
            return bool(await self._add(keys=keys, args=[start, end, *texts.values()]))
        except RedisError as error:
            raise HistoriesError(str(error)) from error


def _facts(text: bytes | str | None) -> list[tuple[int, Fact]]:
    if not text:
        return []
    joined = text.encode() if isinstance(text, str) else text
    return [(offset, Fact(*fields)) for offset, *fields in orjson.loads(b"[" + joined[:-1] + b"]")]
