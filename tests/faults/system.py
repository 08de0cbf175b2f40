"""The stack that is broken: a real one with free ports, whose parts reach each other through proxies."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psutil

from deploy.local.home import Home, free_ports
from deploy.local.programs import INFRASTRUCTURE, SERVICES
from deploy.local.stack import Stack
from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.queries import LEDGER
from shared.runtime.settings import Settings
from tests.faults import clocks, judge
from tests.faults.plan import CLOCKS, LINKS
from tests.faults.proxy import Proxy
from tests.support.owed import settled
from tests.support.stack import RunningStack

Say = Callable[[str], None]
_PORTS = {"valkey": "redis"}
"""Where the name of a port is not that of the process."""


@dataclass(frozen=True)
class Detour(Home):
    """A home whose addresses lead to these ports instead, and whose parts listen where they always do."""

    through: Mapping[str, int]

    def addresses(self, ports: Mapping[str, int]) -> dict[str, str]:
        """See Home."""
        straight = super().addresses(ports)
        around = super().addresses({**ports, **self.through})
        return {name: straight[name] if name.endswith("_PORT") else around[name] for name in straight}

    def clock(self, program: str) -> Path:
        """The file that shifts the clock of this program."""
        return self.run / f"clock-{program}"

    def environment_of(self, program: str) -> Mapping[str, str]:
        """See Home."""
        return clocks.environment(self.clock(program)) if program in CLOCKS else {}

    def wind(self) -> bool:
        """All clocks are right; returns whether they can be made wrong on this machine."""
        self.prepare()
        for program in CLOCKS:
            clocks.step(self.clock(program), 0)
        return clocks.can_be_stepped(self.run)

    def stepped(self, program: str, seconds: int) -> contextlib.AbstractContextManager[None]:
        """The clock of this program is wrong by so much meanwhile."""
        return clocks.stepped(self.clock(program), seconds)

    def end(self, stack: Stack) -> None:
        """End what runs here, and what libfaketime keeps of it."""
        clocks.forget(self.run / "ids")
        stack.down()


@dataclass(frozen=True)
class System:
    """The running stack and its proxies, by the name of what is behind them."""

    running: RunningStack
    home: Detour
    proxies: Mapping[str, Proxy]

    def processes(self, name: str) -> list[psutil.Process]:
        """The process of this name and what it started; none while the supervisor has yet to bring it up again."""
        pid = self.running.runs(name)
        if pid is None:
            return []
        with contextlib.suppress(psutil.NoSuchProcess):
            process = psutil.Process(pid)
            return [process, *process.children(recursive=True)]
        return []

    @property
    def broken(self) -> int:
        """How many connections the proxies ended or held up so far."""
        return sum(proxy.broken for proxy in self.proxies.values())

    def port(self, name: str) -> int:
        """Where it listens itself, behind the proxy."""
        return self.running.stack.home.ports()[_PORTS.get(name, name)]

    async def answers(self) -> bool:
        """Whether every process does."""
        standings = await asyncio.to_thread(self.running.stack.status)
        return all(one.state == "ok" for one in standings)

    async def quiet(self) -> bool:
        """Whether nothing is under way: ingest has taken everything, and the journal has the whole log."""
        counted = partial(asyncio.to_thread, self.counted)
        return await settled(self.running.environment["SIEP_KAFKA"], self.running.settings(Settings), counted)

    def counted(self) -> int:
        """How many records of the log are in the journal."""
        with connect(self.running.settings(Settings)) as client:
            (row,) = client.query(
                "SELECT count() FROM {journal:Identifier} WHERE line = 0", {"journal": LEDGER}
            ).result_rows
        return int(row[0])

    def logs_kept(self) -> Path:
        """A copy of the logs so far, which stays when the stack is gone."""
        kept = Path(tempfile.mkdtemp(prefix="siep-slow-round-"))
        return shutil.copytree(self.home.logs, kept, dirs_exist_ok=True)

    def found(self) -> judge.Found:
        """What the journal holds."""
        with connect(self.running.settings(Settings)) as client:
            return judge.read(client, LEDGER)


@contextlib.asynccontextmanager
async def system(say: Say) -> AsyncIterator[System]:
    """The whole system, for as long as it takes. Ended afterwards, whatever happens, and its folder deleted.

    What is left of a round that went wrong can be looked at: an exception leaves the folder where it is, and says so.
    """
    ports = free_ports()
    proxies = {link: Proxy(ports[_PORTS.get(link, link)]) for link in LINKS}
    through = {_PORTS.get(link, link): await proxy.listen() for link, proxy in proxies.items()}
    home = Detour(_folder(), through)
    stack = Stack(home, say=lambda _: None)
    kept = False
    if not home.wind():
        say("no clock can be stepped on this machine (libfaketime is not for it): these faults do nothing")
    try:
        await asyncio.to_thread(stack.up, ports, [*INFRASTRUCTURE, *SERVICES])
        yield System(RunningStack(stack), home, proxies)
    except Exception:
        kept = True
        say(f"data and logs of the stack are kept in {stack.home.folder}")
        raise
    finally:
        await asyncio.to_thread(home.end, stack)
        for proxy in proxies.values():
            await proxy.close()
        if not kept:
            shutil.rmtree(stack.home.folder)


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="siep-faults-")).resolve()
