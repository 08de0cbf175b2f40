"""`make overload`: a stack is offered three times what it can take; it must not swell, lose anything or need a hand.

Producers let facts become due at a fixed rate whatever they are answered: half of the establishments over HTTP, where
they obey Retry-After and send again what was not taken, the other half through Kafka. Beside it somebody asks a figure
each second. It passes if every accepted fact is counted, receipts close, nobody was started again, each process stayed
below its limit (deploy/limits.py), and there were answers. Who sends and asks takes part of the same two cores.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from deploy.bench.beside import Memory, Questions, each_second
from deploy.bench.doors import batches, portions, post_all
from deploy.bench.load import Line, end_of_log, lines, marked, reference_lines
from deploy.bench.meters import busy_seconds
from deploy.bench.producers import HttpProducers, KafkaProducers, Portion
from deploy.bench.rig import Rig, rig
from deploy.demo.loading import WINDOW, log_standing
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
PUSHES = 40
"""So many requests at once, and so many portions on their way to the broker."""
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


@dataclass(frozen=True)
class Load:
    """Half of the establishments speak HTTP, the other half Kafka, at the same rate together."""

    http: HttpProducers
    kafka: KafkaProducers

    async def offer(self, seconds: int) -> float:
        """Returns when the doors have accepted each fact, with the seconds of offering."""
        halves = zip((self.http, self.kafka), _halves(_sample()), strict=True)
        offers = [one.offer(_portions(said, RATE * seconds // 2), RATE / 2) for one, said in halves]
        return max(await asyncio.gather(*offers))

    @property
    def offered(self) -> int:
        """Facts that became due."""
        return self.http.offered + self.kafka.offered

    @property
    def accepted(self) -> int:
        """Facts that a door has acknowledged."""
        return self.http.accepted + self.kafka.accepted

    @property
    def slowed(self) -> int:
        """Facts, each time that one was put off."""
        return self.http.slowed + self.kafka.slowed

    def told(self) -> str:
        """What became of requests and pushes."""
        return (
            f"requests by answer: {dict(self.http.answers)}, {self.http.broken} without one; "
            f"the slowest took {self.http.slowest_seconds:.1f} s; by Kafka {self.kafka.accepted:,} facts, "
            f"{self.kafka.slowed:,} pushed again, the slowest 500 took {self.kafka.slowest_seconds:.1f} s"
        )


def overload(running: Rig, seconds: int) -> tuple[str, bool]:
    """Offer for so many seconds; returns the last line, and whether all went well."""
    address, keys, kafka = running.environment["SIEP_INGEST"], running.keys, running.environment["SIEP_KAFKA"]
    asyncio.run(post_all(address, batches(address, keys, reference_lines()), 1))
    running.wait_counted(asyncio.run(end_of_log(kafka)))
    before, processes = asyncio.run(_closing(running)), running.processes()
    memory = Memory(processes)
    load = Load(
        HttpProducers(at_once=CONNECTIONS, address=address, keys=keys), KafkaProducers(at_once=PUSHES, kafka=kafka)
    )
    questions = Questions(running.environment["SIEP_GATEWAY"], running.environment["SIEP_STATISTICIAN_TOKEN"])
    with each_second(memory.look), each_second(questions.ask):
        _offer(running, load, seconds)
    running.say(f"questions beside it: {questions}")
    after = asyncio.run(_closing(running))
    _show(memory)
    wrong = [
        *([] if after.closes else [f"receipts do not close: {after}"]),
        *([] if load.accepted == load.offered else ["not everything was accepted in the end"]),
        *([] if questions.answered else ["no question was answered"]),
        *(f"{name} was started again" for name, one in running.processes().items() if one != processes[name]),
        *(f"{name} held more than its limit" for name, most in memory.most.items() if most > MEMORY_MIB[name]),
    ]
    for what in wrong:
        running.say(what)
    counted = after.counted - before.counted
    lost = load.accepted - counted
    told = f"offered={load.offered} accepted={load.accepted} slowed={load.slowed} counted={counted}"
    return f"overload: {told} lost={lost}", not wrong and lost == 0


def _offer(running: Rig, load: Load, seconds: int) -> None:
    """Until all that was offered is counted; nobody helps."""
    kafka = running.environment["SIEP_KAFKA"]
    began, busy, used = time.monotonic(), busy_seconds(), running.used_seconds()
    offering = asyncio.run(load.offer(seconds))
    running.say(f"offered for {offering:.0f} s, all taken over HTTP and by the broker after {_since(began)}")
    asyncio.run(_taken_in(kafka))
    end = asyncio.run(end_of_log(kafka))
    running.say(f"ingest has all after {_since(began)}; {end - running.counted():,} still wait in the log")
    running.wait_counted(end, seconds=RECOVERS_SECONDS_MAX, every=1.0)
    took = time.monotonic() - began
    others = busy_seconds() - busy - (running.used_seconds() - used)
    running.say(f"all counted after {took:.0f} s: {load.accepted / took:,.0f} facts a second")
    running.say(load.told())
    running.say(f"cores that others used meanwhile: {max(others, 0.0) / took:.2f}")


def _since(began: float) -> str:
    return f"{time.monotonic() - began:.0f} s"


async def _taken_in(kafka: str) -> None:
    """Until ingest has taken what waits at its Kafka door."""
    async with asyncio.timeout(RECOVERS_SECONDS_MAX):
        while not (await log_standing(kafka)).complete:  # noqa: ASYNC110 - another process changes it
            await asyncio.sleep(1)


def _sample() -> list[Line]:
    """Without what the simulated establishments say twice: then as many are counted as are accepted."""
    once: dict[tuple[str, bytes], Line] = {}
    for source, line in lines(SAMPLE):
        found = _ID.search(line)
        once.setdefault((source, found[1] if found else line), (source, line))
    return list(once.values())


def _halves(said: Sequence[Line]) -> tuple[list[Line], list[Line]]:
    """What every other establishment says, by how much each of them does, and what the others say."""
    ranked = {source: rank for rank, (source, _) in enumerate(Counter(source for source, _ in said).most_common())}
    return [one for one in said if ranked[one[0]] % 2 == 0], [one for one in said if ranked[one[0]] % 2]


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
