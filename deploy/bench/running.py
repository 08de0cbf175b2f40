"""The whole system at work on two cores: what it sustains, and how soon a fact is a figure, idle and under load.

The client that sends, and whoever else uses the machine, take their part of the same two cores.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from datetime import date

from deploy.bench.doors import batches, post_all
from deploy.bench.figures import Figure
from deploy.bench.load import Line, end_of_log, lines, reference_lines
from deploy.bench.meters import cpu_seconds
from deploy.bench.probes import SITE, Probes, percentile
from deploy.bench.rig import CORES, Rig
from deploy.demo.loading import WINDOW
from deploy.local.programs import INFRASTRUCTURE, SERVICES

FACTS = 120_000
SUSTAINED_MIN = 8_000
"""Facts a second that two cores are to carry."""
LOAD = SUSTAINED_MIN // 2
"""Half of it: a load of its own size, so that a faster machine is not given more to do."""
CONNECTIONS = 8
IDLE_PROBES, IDLE_EVERY = 100, 0.2
LOADED_PROBES, LOADED_EVERY = 120, 0.35
"""The slowest of about a hundred is what 99 % stay below."""
SLICE_SECONDS = 0.5
"""How often the load sends what has come together."""
_FIRST_IDLE, _FIRST_LOADED = date(2000, 1, 1), date(2001, 1, 1)


def sustained(rig: Rig) -> list[Figure]:
    """Facts per second on the wall from the first sent to the last counted; seconds until a fact is visible."""
    rig.start(*INFRASTRUCTURE, *SERVICES)
    address, keys = rig.environment["SIEP_INGEST"], rig.keys
    asyncio.run(post_all(address, batches(address, keys, reference_lines()), 1))
    rig.wait_counted(asyncio.run(end_of_log(rig.environment["SIEP_KAFKA"])))
    idle = asyncio.run(_probes(rig, _FIRST_IDLE, IDLE_PROBES).run(IDLE_EVERY))
    rig.say(f"idle, {len(idle)} facts became visible")
    rate, costs = _rate(rig, lines(FACTS, "S"))
    rig.say(f"{FACTS:,} facts taken in and counted: {rate:,.0f} per second")
    said = lines(round(LOAD * LOADED_PROBES * LOADED_EVERY), "L")
    before, began = _used(rig), time.monotonic()
    loaded = asyncio.run(_loaded(rig, said, LOAD))
    busy = {name: (used - before[name]) / (time.monotonic() - began) for name, used in _used(rig).items()}
    rig.say(f"at {LOAD:,} facts per second, {len(loaded)} facts became visible")
    return [
        Figure("sustained, everything on two cores, wall", rate, "facts/s", SUSTAINED_MIN, at_least=True),
        Figure("  CPU per fact of all processes", sum(costs.values()), "µs"),
        Figure("  two cores that nobody else uses would carry", CORES / sum(costs.values()) * 1e6, "facts/s"),
        *(Figure(f"    of it {name}", cost, "µs") for name, cost in costs.items()),
        *_freshness("idle", idle),
        *_freshness(f"at {LOAD:,} facts a second", loaded),
        *(Figure(f"  {name} meanwhile", cores, "cores") for name, cores in busy.items()),
    ]


def _freshness(when: str, seconds: Sequence[float]) -> Iterator[Figure]:
    yield Figure(f"accepted to visible, {when}, p50, wall", percentile(seconds, 50), "s")
    yield Figure(f"accepted to visible, {when}, p99, wall", percentile(seconds, 99), "s", 2)


def _probes(rig: Rig, first: date, count: int) -> Probes:
    return Probes(rig.environment, rig.keys[SITE], first, count)


def _rate(rig: Rig, said: Sequence[Line]) -> tuple[float, dict[str, float]]:
    """Facts per second from the first sent to the last counted, and µs of CPU per fact of each process."""
    address = rig.environment["SIEP_INGEST"]
    windows = [said[start : start + WINDOW] for start in range(0, len(said), WINDOW)]  # about in order, as in the demo
    requests = [one for window in windows for one in batches(address, rig.keys, window)]
    before, began = _used(rig), time.monotonic()
    asyncio.run(post_all(address, requests, CONNECTIONS))
    rig.wait_counted(asyncio.run(end_of_log(rig.environment["SIEP_KAFKA"])))
    rate = len(said) / (time.monotonic() - began)
    return rate, {name: (used - before[name]) / len(said) * 1e6 for name, used in _used(rig).items()}


def _used(rig: Rig) -> dict[str, float]:
    """CPU seconds of each process so far."""
    return {name: cpu_seconds(process) for name, process in rig.processes().items()}


async def _loaded(rig: Rig, said: Sequence[Line], rate: float) -> list[float]:
    """Seconds until visible of each probe, while these facts come in at this rate."""
    async with asyncio.TaskGroup() as group:
        load = group.create_task(_at_rate(rig, said, rate))
        found = await _probes(rig, _FIRST_LOADED, LOADED_PROBES).run(LOADED_EVERY)
        load.cancel()
    return found


async def _at_rate(rig: Rig, said: Sequence[Line], rate: float) -> None:
    address, keys = rig.environment["SIEP_INGEST"], rig.keys
    size = round(rate * SLICE_SECONDS)
    began = time.monotonic()
    for number, start in enumerate(range(0, len(said), size)):
        await asyncio.sleep(began + number * SLICE_SECONDS - time.monotonic())
        await post_all(address, batches(address, keys, said[start : start + size]), CONNECTIONS)
