"""What goes wrong in a round, and when: a pure function of seed and round."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random
from typing import NamedTuple

from tests.faults.clocks import LOOKS_SECONDS

PROCESSES = ("kafka", "clickhouse", "valkey", "ingest", "aggregator", "gateway", "exports")
LINKS = ("kafka", "clickhouse", "valkey", "ingest")
"""What is reached through a proxy: by the services, or (ingest) by those who send facts."""
CUTS = ("cut request", "cut answer", "half answer", "slow answer", "silence", "refuse")
STEPS = {
    ("clock back", "kafka"): -3_600,
    ("clock ahead", "kafka"): 120,
    ("clock back", "aggregator"): -120,
    ("clock ahead", "aggregator"): 3_600,
    ("clock back", "ingest"): -3_600,
    ("clock ahead", "ingest"): 3_600,
}
"""By so many seconds a clock is wrong. A broker ahead of an aggregator by five minutes or more stops it for good: both
together stay below."""
CLOCKS = frozenset(whom for _, whom in STEPS)
SESSION_SECONDS = 6.0
"""So long the group waits for a member that is not heard of."""

KINDS: tuple[tuple[str, str], ...] = (
    *(("kill", name) for name in PROCESSES),
    *(("stall", name) for name in PROCESSES),
    *(("restart", name) for name in PROCESSES),
    *((cut, link) for cut in CUTS for link in LINKS),
    *STEPS,
    ("forget", "valkey"),
    ("no space", "clickhouse"),
    ("read only", "clickhouse"),
    ("join and leave", "aggregator"),
    ("join and die", "aggregator"),
    ("two join", "aggregator"),
    ("overtake", "aggregator"),
    ("wrong clock", "aggregator"),
)
"""Every fault there is: what, and to whom."""
FAULTS_OF_A_ROUND = 2
MORE_CHANCE = 0.4
"""How often a round has a third one."""
FIRST_SECONDS, LAST_SECONDS = 0.3, 2.5
"""When faults begin: while facts come in."""


class Fault(NamedTuple):
    """`what` happens to `whom`, `at` seconds after the round began, and lasts so many `seconds` (0: an instant)."""

    at: float
    what: str
    whom: str
    seconds: float

    def __str__(self) -> str:
        lasting = f" for {self.seconds:.1f} s" if self.seconds else ""
        return f"{self.at:.1f} s {self.what} {self.whom}{lasting}"


def plan(seed: int, number: int) -> list[Fault]:
    """The faults of round `number` (from 1), in order of time. Some thirty rounds of a seed hold every kind."""
    random = Random(f"faults {seed} {number}")
    dealt = (number - 1) * FAULTS_OF_A_ROUND
    kinds = list(islice(_dealt(seed), dealt, dealt + FAULTS_OF_A_ROUND))
    if random.random() < MORE_CHANCE:
        kinds.append(random.choice(KINDS))
    return sorted(_fault(random, *kind) for kind in kinds)


def _dealt(seed: int) -> Iterator[tuple[str, str]]:
    """All kinds, shuffled, again and again: what is dealt in turn comes up as often as anything else."""
    random = Random(f"deck {seed}")
    while True:
        yield from random.sample(KINDS, len(KINDS))


def _fault(random: Random, what: str, whom: str) -> Fault:
    at = round(random.uniform(FIRST_SECONDS, LAST_SECONDS), 1)
    return Fault(at, what, whom, _seconds(random, what))


def _seconds(random: Random, what: str) -> float:
    if what in ("kill", "restart", "forget"):
        return 0.0
    if what == "overtake":
        return SESSION_SECONDS + round(random.uniform(1.5, 3.0), 1)
    seen = LOOKS_SECONDS if what.startswith("clock") else 0.0
    return seen + round(random.uniform(0.5, 3.5), 1)
