"""Lets faults happen to a running system, each for its time, and makes good again whatever it did."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

import psutil
import redis

from tests.faults.plan import CUTS, STEPS, Fault
from tests.faults.system import System

END_SECONDS = 10.0
WRONG_CLOCK = (sys.executable, "-m", "tests.faults.wrong_clock")


async def happen(system: System, faults: Iterable[Fault]) -> None:
    """Return when all of them are over and nothing of them is left."""

    async def one(fault: Fault) -> None:
        await asyncio.sleep(fault.at)
        await _DOERS[fault.what](system, fault)

    async with asyncio.TaskGroup() as group:
        for fault in faults:
            group.create_task(one(fault))


async def _kill(system: System, fault: Fault) -> None:
    _send(system.processes(fault.whom), signal.SIGKILL)


async def _restart(system: System, fault: Fault) -> None:
    _send(system.processes(fault.whom)[:1], signal.SIGTERM)  # the supervisor starts it again


async def _stall(system: System, fault: Fault) -> None:
    with _stalled(system.processes(fault.whom)):
        await asyncio.sleep(fault.seconds)


@contextlib.contextmanager
def _stalled(processes: Sequence[psutil.Process]) -> Iterator[None]:
    _send(processes, signal.SIGSTOP)
    try:
        yield
    finally:
        _send(processes, signal.SIGCONT)


def _send(processes: Iterable[psutil.Process], how: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):  # it ended meanwhile; its number may be somebody else's
            process.send_signal(how)


async def _break(system: System, fault: Fault) -> None:
    with system.proxies[fault.whom].breaking(fault.what):
        await asyncio.sleep(fault.seconds)


async def _step(system: System, fault: Fault) -> None:
    with system.home.stepped(fault.whom, STEPS[fault.what, fault.whom]):
        await asyncio.sleep(fault.seconds)


async def _forget(system: System, fault: Fault) -> None:
    def flush() -> None:
        with redis.Redis(port=system.port(fault.whom), socket_timeout=END_SECONDS) as store:
            store.flushall()

    with contextlib.suppress(redis.RedisError):  # it is away: another fault has it
        await asyncio.to_thread(flush)


async def _join_and_leave(system: System, fault: Fault) -> None:
    async with system.running.second_aggregator() as beside:
        await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(beside.end, END_SECONDS)


async def _join_and_die(system: System, fault: Fault) -> None:
    async with system.running.second_aggregator():  # it is killed at its end
        await asyncio.sleep(fault.seconds)


async def _two_join(system: System, fault: Fault) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(_join_and_leave(system, fault))
        group.create_task(_join_and_die(system, fault))


async def _overtake(system: System, fault: Fault) -> None:
    """The old owner stalls until its partitions have moved, then goes on as if nothing had happened."""
    async with system.running.second_aggregator() as beside:
        with _stalled(system.processes(fault.whom)):
            await asyncio.sleep(fault.seconds)
        await asyncio.to_thread(beside.end, END_SECONDS)


async def _wrong_clock(system: System, fault: Fault) -> None:
    """One of two has a clock so slow that it must not go on; what it let lie is the other's once it is gone."""
    async with system.running.second_aggregator(WRONG_CLOCK):
        await asyncio.sleep(fault.seconds)


_DOERS: dict[str, Callable[[System, Fault], Awaitable[None]]] = {
    "kill": _kill,
    "stall": _stall,
    "restart": _restart,
    **dict.fromkeys((*CUTS, "no space", "read only"), _break),
    **dict.fromkeys((what for what, _ in STEPS), _step),
    "forget": _forget,
    "join and leave": _join_and_leave,
    "join and die": _join_and_die,
    "two join": _two_join,
    "overtake": _overtake,
    "wrong clock": _wrong_clock,
}
