"""What happens beside a load, each second: somebody looks at the memory of each process, and somebody asks a figure."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress

import httpx
import psutil

ASKED = '{ population(at: "2026-01-31", by: [ESTABLISHMENT, SEX]) { rows totals provenance { position } } }'
PATIENCE_SECONDS = 30.0


@contextmanager
def each_second(work: Callable[[], None]) -> Iterator[None]:
    """Do this meanwhile, in a thread of its own; what takes longer than a second is done less often."""
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(1):
            work()

    thread = threading.Thread(target=go_on)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


class Memory:
    """The most MiB that each process was seen to hold, its children with it: pages they share count for each."""

    def __init__(self, processes: Mapping[str, psutil.Process]) -> None:
        self._processes = processes
        self.most = dict.fromkeys(processes, 0.0)

    def look(self) -> None:
        """At each of them, once."""
        for name, process in self._processes.items():
            with suppress(psutil.NoSuchProcess):  # that it was started again is seen at the end
                family = [process, *process.children(recursive=True)]
                self.most[name] = max(self.most[name], sum(one.memory_info().rss for one in family) / 2**20)


class Questions:
    """Somebody who asks the gateway for the population by establishment and sex, one question after the other."""

    def __init__(self, gateway: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=gateway, headers=headers, timeout=PATIENCE_SECONDS, trust_env=False)
        self.answered = self.refused = self.unanswered = 0
        self.slowest_seconds = 0.0
        """Of those that were answered."""

    def ask(self) -> None:
        """Once."""
        began = time.monotonic()
        try:
            answer = self._client.post("/graphql", json={"query": ASKED})
        except httpx.TransportError:
            self.unanswered += 1
            return
        if answer.status_code != httpx.codes.OK or "errors" in answer.json():
            self.refused += 1
            return
        self.answered += 1
        self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)

    def __str__(self) -> str:
        return (
            f"{self.answered} answered, {self.refused} refused, {self.unanswered} not answered in "
            f"{PATIENCE_SECONDS:.0f} s; the slowest answer took {self.slowest_seconds:.2f} s"
        )
