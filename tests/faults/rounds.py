"""Rounds: facts come in, faults happen, everything is made good, and the count is held to account."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

import httpx

from deploy.demo.loading import producer_of
from shared.contracts.questions import Question
from shared.domain.dimensions import Dimension
from shared.domain.measures import Measure
from tests.faults import mishaps
from tests.faults.client import Client, UnknownFateError
from tests.faults.files import Ordered
from tests.faults.judge import Cells, Expected, Verdict
from tests.faults.load import lines_of, load
from tests.faults.plan import plan
from tests.faults.system import Say, System, system
from tests.support.asking import Asking, asking
from tests.support.waiting import until

QUIET_SECONDS = 120
"""So long after all faults are over the system may take to be well again and to have counted everything."""
SLOW_SECONDS = 30
"""A round should not take longer; of one that does the logs are kept, for whoever wants to know why."""
ORDER_AT_SECONDS = 1.5
SHOWN = 5
NO_DIFFERENCE = "differences=0"
LAST_DAY = date(2026, 1, 31)
BY_SITE = Question(measure=Measure.POPULATION, at=LAST_DAY, dimensions=(Dimension.ESTABLISHMENT, Dimension.SEX))


class RoundError(Exception):
    """A round did not end well; the text says what differs and how to play it again. Its last line counts."""


@dataclass
class Rounds:
    """A system, those who use it, and what must be known by now."""

    system: System
    client: Client
    asking: Asking
    http: httpx.AsyncClient
    say: Say

    async def play(self, seed: int, number: int) -> Verdict:
        """One round; what differs at its end."""
        clock = asyncio.get_running_loop().time
        began, retries, broken = clock(), self.client.retries, self.system.broken
        faults, said = plan(seed, number), load(seed, number)
        self.say(f"round {number:>3}  {'; '.join(map(str, faults))}")
        ordered = Ordered(self.asking, self.http)
        verdict = Verdict()
        over = quiet = began
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.client.send(said.deliveries))
                group.create_task(mishaps.happen(self.system, faults))
                group.create_task(_order(ordered))
            over = clock()
            await self.client.send(said.twins)
            self.client.expected.take([*lines_of(said.deliveries), *lines_of(said.twins)])
            await until(self.system.answers, "every process answers", seconds=QUIET_SECONDS)
            await until(self.system.quiet, "everything is counted", seconds=QUIET_SECONDS)
            quiet = clock()
            verdict = await self._verdict(ordered)
        except* (AssertionError, UnknownFateError) as errors:
            verdict.wrong += [str(error) for error in _leaves(errors)]
        self.say(
            f"           {clock() - began:.1f} s (of it {quiet - over:.1f} s until quiet), {len(lines_of(said.deliveries))} lines, "
            f"{self.client.retries - retries} retries, {self.system.broken - broken} cut or held up, {ordered.again} files ordered again, "
            f"{self.client.expected.facts} facts counted so far"
        )
        if clock() - began > SLOW_SECONDS:
            self.say(f"           its logs are kept in {self.system.logs_kept()}")
        return verdict

    async def _verdict(self, ordered: Ordered) -> Verdict:
        found = await asyncio.to_thread(self.system.found)
        verdict = self.client.expected.compare(found)
        told, self.client.wrong = self.client.wrong, []
        verdict.wrong += told
        verdict.wrong += await ordered.check(self.system)
        figure = Counter((await self.asking.figure(BY_SITE)).cells)
        should = _population(self.client.expected.cells())
        verdict.wrong += [f"population of {cell} is {figure[cell]}, not {should[cell]}" for cell in should - figure]
        verdict.wrong += [f"population of {cell} is {figure[cell]}, not {should[cell]}" for cell in figure - should]
        return verdict


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        yield from _leaves(error) if isinstance(error, BaseExceptionGroup) else (error,)


async def _order(ordered: Ordered) -> None:
    await asyncio.sleep(ORDER_AT_SECONDS)
    await ordered.order()


def _population(cells: Cells) -> Counter[tuple[str, ...]]:
    """Who is inside at the close of the last day, by establishment and sex."""
    people: Counter[tuple[str, ...]] = Counter()
    close = (LAST_DAY.toordinal() + 1 - date(1970, 1, 1).toordinal()) * 86_400_000 + 5 * 3_600_000
    for (_, entry), amount in cells.items():
        if entry.book == "custody" and entry.stock_delta and entry.effective_ms < close:
            people[entry.establishment, entry.attributes.sex] += amount
    return people


async def play(seed: int, numbers: Iterable[int], say: Say) -> None:
    """Play these rounds on one system, and verify at last. Raises RoundError after the first that does not end well."""
    played = 0
    async with system(say) as broken, _rounds(broken, say) as rounds:
        for number in numbers:
            verdict = await rounds.play(seed, number)
            played += 1
            if not verdict.well:
                raise RoundError(_told(seed, number, verdict, played))
        rebuilt = await asyncio.to_thread(broken.running.verified)
        say(f"verify: {rebuilt[-1]}")
        if rebuilt[-1] != NO_DIFFERENCE:
            verdict = Verdict(wrong=[line for line in rebuilt if "only in" in line] or rebuilt)
            raise RoundError(_told(seed, played, verdict, played))
    say(_summary(played, Verdict()))


@contextlib.asynccontextmanager
async def _rounds(broken: System, say: Say) -> AsyncIterator[Rounds]:
    running = broken.running
    expected = Expected(running.environment["SIEP_TOKEN_KEY"])
    async with (
        producer_of(running.environment["SIEP_KAFKA"]) as producer,
        httpx.AsyncClient(base_url=running.ingest, timeout=10, trust_env=False) as ingest,
        httpx.AsyncClient(base_url=running.gateway, timeout=10, trust_env=False) as files,
        asking(running) as someone,
    ):
        files.headers["Authorization"] = f"Bearer {running.statistician_token}"
        client = Client(ingest, producer, running.keys, expected)
        yield Rounds(broken, client, someone, files, say)


def _told(seed: int, number: int, verdict: Verdict, played: int) -> str:
    differing = [
        *verdict.wrong,
        *(f"lost {one}" for one in verdict.lost),
        *(f"doubled {one}" for one in verdict.doubled),
    ]
    more = [f"and {len(differing) - SHOWN} more"] if len(differing) > SHOWN else []
    again = (
        f"Round {number} of seed {seed} went wrong. Again: make faults SEED={seed} ROUND={number}, or ROUNDS={number}"
    )
    return "\n".join([*differing[:SHOWN], *more, again, _summary(played, verdict)])


def _summary(played: int, verdict: Verdict) -> str:
    return f"rounds={played} wrong={len(verdict.wrong)} lost={len(verdict.lost)} doubled={len(verdict.doubled)}"
