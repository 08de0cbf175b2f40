"""`make overload`: a stack is offered three times what it can take; it must not swell, lose anything or need a hand.

Producers over HTTP let facts become due at a fixed rate whatever they are answered, obey Retry-After, and send again
what was not taken. It passes if every accepted fact is counted, receipts close, nobody was started again, and each
process stayed below its limit (deploy/limits.py). The producers take their part of the same two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import NamedTuple

import psutil
from rich.console import Console
from rich.table import Table

from deploy.bench.doors import batches, portions, post_all
from deploy.bench.load import Line, end_of_log, lines, marked, reference_lines
from deploy.bench.meters import busy_seconds
from deploy.bench.producers import Portion, Producers
from deploy.bench.rig import Rig, rig
from deploy.demo.loading import WINDOW
from deploy.limits import MEMORY_MIB
from deploy.local.programs import INFRASTRUCTURE, SERVICES
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings

RATE = 24_000
"""Facts a second: three times what two cores are to sustain (DESIGN §10)."""
CONNECTIONS = 400
SAMPLE = 120_000
"""Facts are of so many, each said once; each further copy is of other people."""
_ID = re.compile(rb'"id":"([^"]+)"')
RECOVERS_SECONDS_MAX = 1_200
"""A machine that others use as well may take so long to count what was taken."""


class Closing(NamedTuple):
    """What the receipts say of all sources."""

    sent: int
    counted: int
    duplicate: int
    quarantined: int
    missing: int

    @property
    def closes(self) -> bool:
        """Whether each record of the log has a fate."""
        return self.missing == 0 and self.sent == self.counted + self.duplicate + self.quarantined


class Memory:
    """The most MiB that each process was seen to hold, its children with it: pages they share count for each."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self.most = dict.fromkeys(processes, 0.0)

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look each second meanwhile."""
        over = threading.Event()
        watching = threading.Thread(target=self._watch, args=[over])
        watching.start()
        try:
            yield
        finally:
            over.set()
            watching.join()

    def _watch(self, over: threading.Event) -> None:
        while not over.wait(1):
            for name, process in self._processes.items():
                with suppress(psutil.NoSuchProcess):  # that it was started again is seen at the end
                    family = [process, *process.children(recursive=True)]
                    self.most[name] = max(self.most[name], sum(one.memory_info().rss for one in family) / 2**20)


def overload(running: Rig, seconds: int) -> tuple[str, bool]:
    """Offer for so many seconds; returns the last line, and whether all went well."""
    address, keys, kafka = running.environment["SIEP_INGEST"], running.keys, running.environment["SIEP_KAFKA"]
    asyncio.run(post_all(address, batches(address, keys, reference_lines()), 1))
    running.wait_counted(asyncio.run(end_of_log(kafka)))
    before, processes = asyncio.run(_closing(running)), running.processes()
    memory, producers = Memory(processes), Producers(address, keys, CONNECTIONS)
    with memory.watched():
        _offer(running, producers, seconds)
    after = asyncio.run(_closing(running))
    _show(memory)
    wrong = [
        *([] if after.closes else [f"receipts do not close: {after}"]),
        *([] if producers.accepted == producers.offered else ["not everything was accepted in the end"]),
        *(f"{name} was started again" for name, one in running.processes().items() if one != processes[name]),
        *(f"{name} held more than its limit" for name, most in memory.most.items() if most > MEMORY_MIB[name]),
    ]
    for what in wrong:
        running.say(what)
    counted = after.counted - before.counted
    lost = producers.accepted - counted
    told = f"offered={producers.offered} accepted={producers.accepted} slowed={producers.slowed} counted={counted}"
    return f"overload: {told} lost={lost}", not wrong and lost == 0


def _offer(running: Rig, producers: Producers, seconds: int) -> None:
    """Until all that was offered is counted; nobody helps."""
    sample, kafka = _sample(), running.environment["SIEP_KAFKA"]
    began, busy, used = time.monotonic(), busy_seconds(), running.used_seconds()
    offering = asyncio.run(producers.offer(_portions(sample, RATE * seconds), RATE))
    taken, end = time.monotonic() - began, asyncio.run(end_of_log(kafka))
    waiting = end - running.counted()
    running.say(f"offered for {offering:.0f} s, all taken after {taken:.0f} s; {waiting:,} still wait in the log")
    running.wait_counted(end, seconds=RECOVERS_SECONDS_MAX, every=1.0)
    took = time.monotonic() - began
    others = busy_seconds() - busy - (running.used_seconds() - used)
    running.say(f"all counted after {took:.0f} s: {producers.accepted / took:,.0f} facts a second")
    answers = f"{dict(producers.answers)}, {producers.broken} without one"
    running.say(f"requests by answer: {answers}; the slowest took {producers.slowest_seconds:.1f} s")
    running.say(f"cores that others used meanwhile: {max(others, 0.0) / took:.2f}")


def _sample() -> list[Line]:
    """Without what the simulated establishments say twice: then as many are counted as are accepted."""
    once: dict[tuple[str, bytes], Line] = {}
    for source, line in lines(SAMPLE):
        found = _ID.search(line)
        once.setdefault((source, found[1] if found else line), (source, line))
    return list(once.values())


def _portions(sample: Sequence[Line], facts: int) -> Iterator[Portion]:
    """About so many facts, about in the order of arrival; made when they are due."""
    windows = [sample[start : start + WINDOW] for start in range(0, len(sample), WINDOW)]
    bodies = [(source, b"\n".join(one) + b"\n") for window in windows for source, one in portions(window)]
    made = copy = 0
    while made < facts:
        copy += 1
        for source, body in bodies:
            yield source, marked(body, f"O{copy}".encode())
        made += len(sample)


async def _closing(running: Rig) -> Closing:
    today, day = SystemClock().now().date(), timedelta(days=1)
    log = KafkaLogEnds(running.environment["SIEP_KAFKA"])
    book = ClickHouseReceipts(lambda: connect_async(running.settings(Settings)), log)
    try:
        found = await book.sums(today - 2 * day, today + 2 * day, None)
    finally:
        await book.aclose()
        await log.aclose()
    sums = {name: sum(getattr(one, name) for one in found.days) for name in Closing._fields if name != "missing"}
    return Closing(**sums, missing=found.standing.missing)


def _show(memory: Memory) -> None:
    table = Table("process", title="memory, MiB", title_justify="left")
    for heading in ("the most seen", "limit"):
        table.add_column(heading, justify="right")
    for name, most in memory.most.items():
        table.add_row(name, f"{most:,.0f}", f"{MEMORY_MIB[name]:,}", style="red" if most > MEMORY_MIB[name] else None)
    Console().print(table)


def main(arguments: list[str]) -> int:
    """0 if all went well."""
    parser = argparse.ArgumentParser(prog="python -m deploy.bench.overload", description="three times what it can take")
    parser.add_argument("--seconds", type=int, default=60, help="how long facts are offered")
    seconds = parser.parse_args(arguments).seconds
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what ends the stack
    began = time.monotonic()

    def say(what: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s  {what}", flush=True)

    with rig(say) as running:
        running.start(*INFRASTRUCTURE, *SERVICES)
        line, well = overload(running, seconds)
    print(line)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
