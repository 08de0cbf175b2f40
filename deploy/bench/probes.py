"""Newcomers by which one sees when a fact has become a figure: each enters on a day of its own, long ago.

One question asks for the admissions of all these days, so whoever watches costs the same however many are on their way.
What is seen late by the pause between two questions counts as late.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import orjson

from deploy.bench.doors import EVENT, Connection, Request, request

SITE = "ep-001"
PAUSE_SECONDS = 0.2
"""A question costs 30 to 50 ms of the cores that are measured."""
SEEN_SECONDS_MAX = 60.0
_QUERY = 'query { admissions(from: "%s", to: "%s", interval: DAY) { totals } }'


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that so many percent of them do not exceed (nearest rank)."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100), 1) - 1]


@dataclass
class Probes:
    """As many newcomers as days from `first` on, sent one after the other at a steady pace."""

    environment: Mapping[str, str]
    key: str
    first: date
    count: int
    accepted: dict[date, float] = field(default_factory=dict)
    seen: dict[date, float] = field(default_factory=dict)

    async def run(self, every: float) -> list[float]:
        """Seconds from accepted (ingest answers) to visible (GraphQL answers), of each. Raises TimeoutError."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(every))
            group.create_task(self._watch(sending))
        return [self.seen[day] - self.accepted[day] for day in self.accepted]

    async def _send(self, every: float) -> None:
        connection = await Connection.open(self.environment["SIEP_INGEST"])
        started = time.monotonic()
        for number in range(self.count):
            await asyncio.sleep(started + number * every - time.monotonic())
            day = self.first + timedelta(number)
            await connection.post(self._newcomer(day))
            self.accepted[day] = time.monotonic()
        await connection.close()

    async def _watch(self, sending: asyncio.Task[None]) -> None:
        connection = await Connection.open(self.environment["SIEP_GATEWAY"])
        body = orjson.dumps({"query": _QUERY % (self.first, self.first + timedelta(self.count))})
        token = self.environment["SIEP_STATISTICIAN_TOKEN"]
        question = request(self.environment["SIEP_GATEWAY"], "/graphql", token, "application/json", body)
        last_news = time.monotonic()
        while not (sending.done() and self.seen.keys() >= self.accepted.keys()):
            totals = orjson.loads(await connection.post(question, 200))["data"]["admissions"]["totals"]
            now = time.monotonic()
            news = {date.fromisoformat(day) for day, amount in totals if amount} - self.seen.keys()
            self.seen |= dict.fromkeys(news, now)
            last_news = now if news else last_news
            if now > last_news + SEEN_SECONDS_MAX:
                raise TimeoutError(f"{len(self.accepted) - len(self.seen)} facts are accepted and not visible")
            await asyncio.sleep(PAUSE_SECONDS)
        await connection.close()

    def _newcomer(self, day: date) -> Request:
        """Somebody who enters on this day."""
        number = f"PROBE{day:%Y%m%d}"
        admission = {
            "person": {"document": "passport", "number": number},
            "establishment": SITE,
            "motive": "prision-preventiva",
            "authority": "judicial",
            "profile": {},
            "cases": [],
        }
        fact = {
            "specversion": "1.0",
            "id": f"probe-{day}",
            "source": SITE,
            "type": "siep.admission.v1",
            "time": f"{day}T12:00:00-05:00",
            "datacontenttype": "application/json",
            "data": admission,
        }
        return request(self.environment["SIEP_INGEST"], "/v1/facts", self.key, EVENT, orjson.dumps(fact), 1)
