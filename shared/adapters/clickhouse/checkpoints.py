"""Checkpoints of stocks by month, rolls by year: made once the log has passed them, used by what may rest on them."""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from operator import attrgetter
from typing import Any, NamedTuple

from clickhouse_connect.driver.asyncclient import AsyncClient
from clickhouse_connect.driver.exceptions import ClickHouseError

from shared.adapters.clickhouse.queries import LEDGER, checkpoints_of, rolls_of, statement
from shared.contracts.questions import LEDGER_VERSION, FiguresUnavailableError, KnownAt, LogPosition
from shared.contracts.topics import PARTITIONS
from shared.domain.facts import LIMA_OFFSET_MS
from shared.domain.periods import ONE_DAY
from shared.ports import JournalError

RENEW_SECONDS = 60.0
"""A checkpoint never changes, so not to know the newest costs time and nothing else."""
_AS_ONE_PART = {
    "max_threads": 1,
    "max_insert_threads": 1,
    "max_block_size": 10_000_000,
    "min_insert_block_size_rows": 10_000_000,
    "min_insert_block_size_bytes": 1 << 30,
}
_LAST_MOMENT = timedelta(milliseconds=1)
_LIMA = timedelta(milliseconds=-LIMA_OFFSET_MS)


class Checkpoint(NamedTuple):
    """What was counted before the first day of `month`, as recorded before it: below `next_offsets`."""

    month: date
    next_offsets: tuple[int, ...]
    roll: str = ""
    """The name of its roll in the table of rolls; empty where there is none."""

    def was_known(self, at: KnownAt | None) -> bool:
        """Whether all of it was known then; at a moment within the month only a part was."""
        if at is None:
            return True
        if at.time is not None:
            midnight = (
                datetime.combine(self.month, time(), at.time.tzinfo) + _LIMA - (at.time.utcoffset() or timedelta())
            )
            return at.time >= midnight - _LAST_MOMENT
        position = LogPosition.parse(at.position or "")
        ahead = zip(self.next_offsets, position.next_offsets, strict=True)
        return position.ledger_version == LEDGER_VERSION and all(next_ <= reached for next_, reached in ahead)


class ClickHouseCheckpoints:
    """See shared.ports.Checkpoints; and which of them a figure may begin at."""

    def __init__(self, client: AsyncClient, journal: str = LEDGER) -> None:
        self.table = checkpoints_of(journal)
        self.rolls = rolls_of(journal)
        self._client = client
        self._journal = journal
        self._known: list[Checkpoint] = []
        self._renewed_at = float("-inf")

    async def due(self) -> list[date]:
        """See shared.ports.Checkpoints."""
        ((first, passed),) = await self._ask("passed", {"journal": self._journal, "partitions": PARTITIONS})
        made = {one.month for one in await self._there() if one.roll or not _has_roll(one.month)}
        return [month for month in _firsts_of_months(first, passed) if month not in made]

    async def make(self, month: date) -> None:
        """See shared.ports.Checkpoints."""
        parameters = {"journal": self._journal, "checkpoints": self.table, "rolls": self.rolls, "month": month}
        try:
            await self._client.command(statement("append_checkpoint"), parameters, settings=_AS_ONE_PART)
            if _has_roll(month):
                await self._client.command(statement("append_roll"), parameters, settings=_AS_ONE_PART)
        except (ClickHouseError, OSError) as error:
            raise JournalError(str(error)) from error

    async def under(self, closes: Sequence[date], at: KnownAt | None) -> list[Checkpoint]:
        """What stocks at these closes, as known then, rest on, as `under` says. Raises FiguresUnavailableError."""
        return under(await self._made(), closes, at)

    async def roll_under(self, close: date, at: KnownAt | None) -> list[Checkpoint]:
        """The one with a roll under all stocks from this close on, as known then. Raises FiguresUnavailableError."""
        return under([one for one in await self._made() if one.roll], [close], at)

    async def _made(self) -> list[Checkpoint]:
        """All that are made, as known for a while."""
        now = asyncio.get_running_loop().time()
        if now - self._renewed_at > RENEW_SECONDS:
            try:
                self._known = await self._there()
            except JournalError as error:
                raise FiguresUnavailableError("the journal does not answer") from error
            self._renewed_at = now
        return self._known

    async def _there(self) -> list[Checkpoint]:
        rows = await self._ask("checkpoints", {"checkpoints": self.table, "rolls": self.rolls})
        return [Checkpoint(month, tuple(offsets), roll) for month, offsets, roll in rows]

    async def _ask(self, name: str, parameters: dict[str, Any]) -> Any:
        try:
            return (await self._client.query(statement(name), parameters)).result_rows
        except (ClickHouseError, OSError) as error:
            raise JournalError(str(error)) from error


def _has_roll(month: date) -> bool:
    """Once a year: a row for each person is much to keep, and the entries of a year are little to read."""
    return month.month == 1


def under(made: Sequence[Checkpoint], closes: Sequence[date], at: KnownAt | None) -> list[Checkpoint]:
    """Of those made (in order) and wholly known then that of each close, up to the first that has none of its own.

    It and all after it rest on the latest there is for it, which is told last. No month between those told is missing:
    each holds the late news of its own month.
    """
    known = made[: bisect_left(made, True, key=lambda one: not one.was_known(at))]
    latest = bisect_right(known, closes[0] + ONE_DAY, key=_month) - 1
    if latest < 0:
        return []
    found = [known[latest]]
    for close, following in pairwise(closes):
        if known[latest].month != close + ONE_DAY:
            break
        passed = _unbroken(known, latest, following + ONE_DAY)
        if passed == latest:
            break
        latest = passed
        found.append(known[latest])
    return found


_month = attrgetter("month")


def _unbroken(known: Sequence[Checkpoint], first: int, until: date) -> int:
    """The last of those up to a day that follow this one without a month between them."""
    last = first
    for month in _firsts_of_months(known[first].month, until):
        if last + 1 == len(known) or known[last + 1].month != month:
            break
        last += 1
    return last


def _firsts_of_months(first: date, passed: date) -> Iterator[date]:
    """The first days of the months after `first`, up to `passed`."""
    month = first.replace(day=1)
    while (month := (month + timedelta(days=32)).replace(day=1)) <= passed:
        yield month
