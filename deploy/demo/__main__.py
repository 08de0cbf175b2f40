"""`make demo`: the whole country through the real doors, held against the printed tables, and what to open next."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from deploy.demo.acceptance import CLOSE, TABLES, Difference, compare, rows_of_file
from deploy.demo.country.facts import generate
from deploy.demo.gateway import Gateway, RefusedQuestionError
from deploy.demo.loading import Doors, Line, LogStanding, RefusedError, load, log_standing
from deploy.local.home import Home, StackError
from deploy.local.stack import Stack
from shared.ports import LogError

SEED = 1
COUNTED_SECONDS_MAX = 600
FILE_SECONDS_MAX = 60
SHOWN_DIFFERENCES = 20
ORDERED = "establishment_status_sex"


@dataclass
class Demo:
    """One run: the stack it runs on, and how long each step took."""

    stack: Stack
    console: Console
    took: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Say what is done, and remember how long it took."""
        self.console.rule(f"[bold]{name}", align="left")
        began = time.monotonic()
        yield
        self.took[name] = time.monotonic() - began

    def run(self) -> int:
        """All steps; 0 if every printed cell was counted alike."""
        with self.step("start the stack"):
            environment = self.stack.up()
        if self._loaded.exists():
            self.console.print("The country is loaded already.")
        else:
            self._load(environment)
        gateway = Gateway(environment["SIEP_GATEWAY"], environment["SIEP_STATISTICIAN_TOKEN"])
        with self.step("compare with the printed tables of January 2026"):
            compared, different = compare(gateway.ask)
        with self.step("order the largest of these tables as a file"):
            different += self._order(gateway)
        self._conclude(gateway, environment, compared, different)
        return 1 if different else 0

    @property
    def _loaded(self) -> Path:
        return self.stack.home.data / f"country-{SEED}"

    def _load(self, environment: dict[str, str]) -> None:
        with self.step("make the simulated country"):
            country = self._made()
        with self.step(f"send {len(country):,} facts through HTTP and Kafka"):
            self._send(country, environment)
        with self.step("wait until all are counted"):
            self._wait(environment)
        self._loaded.touch()

    def _made(self) -> list[Line]:
        with self._progress() as progress:
            task = progress.add_task("made", total=None)
            country: list[Line] = []
            for line in generate(SEED, 1):
                country.append(line)
                if len(country) % 5_000 == 0:
                    progress.update(task, completed=len(country))
            progress.update(task, completed=len(country), total=len(country))
        return country

    def _send(self, country: list[Line], environment: dict[str, str]) -> None:
        doors = Doors(environment["SIEP_INGEST"], environment["SIEP_KAFKA"], json.loads(environment["SIEP_KEYS"]))
        with self._progress() as progress:
            task = progress.add_task("sent", total=len(country))
            asyncio.run(load(country, doors, lambda portion: progress.advance(task, portion)))

    def _wait(self, environment: dict[str, str]) -> None:
        """Until the aggregator stands at the end of the log, and what came through Kafka's door is in it."""
        deadline = time.monotonic() + COUNTED_SECONDS_MAX
        with self._progress() as progress:
            task = progress.add_task("counted", total=None)
            while True:
                standing, counted = asyncio.run(_standing(environment["SIEP_KAFKA"])), _counted(environment)
                progress.update(task, completed=counted, total=standing and standing.records)
                if standing and standing.complete and counted >= standing.records:
                    return
                if time.monotonic() > deadline:
                    raise StackError(f"After {COUNTED_SECONDS_MAX} s {counted} are counted, not all: see make status.")
                time.sleep(0.5)

    def _order(self, gateway: Gateway) -> list[Difference]:
        """Have a worker make the file, watch it, fetch it with its manifest, and hold it against the printed table."""
        job_id = gateway.order(TABLES[ORDERED].question)
        deadline = time.monotonic() + FILE_SECONDS_MAX
        while (job := gateway.export(job_id))["status"] != "DONE":
            if job["status"] not in {"QUEUED", "RUNNING"} or time.monotonic() > deadline:
                raise StackError(f"The file is {job['status']}: {job['message'] or 'see make status'}.")
            time.sleep(0.2)
        file, manifest = (gateway.fetch(one) for one in job["files"])
        folder = self.stack.home.data / "demo"
        folder.mkdir(exist_ok=True)
        path = folder / job["files"][0]["name"]
        path.write_bytes(file)
        rows = rows_of_file(file.decode(), json.loads(manifest))
        compared, different = compare(lambda _: rows, [ORDERED])
        self._say(f"{path}: {len(rows)} rows, compared={compared} different={len(different)}")
        return different

    def _progress(self) -> Progress:
        columns = (TextColumn("{task.description:8}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        return Progress(*columns, console=self.console)

    def _conclude(
        self, gateway: Gateway, environment: dict[str, str], compared: int, different: list[Difference]
    ) -> None:
        self.console.print(_of_the_day(gateway))
        for one in different[:SHOWN_DIFFERENCES]:
            self._say(f"{one.table} [{one.row}] [{one.column}]: printed {one.printed}, counted {one.counted}")
        self._say(f"published cells: compared={compared} different={len(different)}")
        for name, seconds in self.took.items():
            self._say(f"{seconds:6.1f} s  {name}")
        token = environment["SIEP_STATISTICIAN_TOKEN"]
        self._say(f"GraphQL   {environment['SIEP_GATEWAY']}/graphql#token={token}")
        self._say(f"facts in  {environment['SIEP_INGEST']}/docs")
        self._say(f"secrets   {self.stack.home.env_file}")

    def _say(self, line: str) -> None:
        """A line as it is, however narrow the screen: addresses are copied from it."""
        self.console.print(line, highlight=False, markup=False, soft_wrap=True)


def _counted(environment: dict[str, str]) -> int:
    """How many records the aggregator has counted; none while it does not answer. Raises StackError if it stopped."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{environment['SIEP_AGGREGATOR_PORT']}/health", trust_env=False)
    except httpx.TransportError:
        return 0
    health = answer.json()
    if health["stopped"]:
        raise StackError(f"The aggregator stopped: {health['stopped']}")
    return sum(health["positions"].values())


async def _standing(kafka: str) -> LogStanding | None:
    """How the log stands; None while the broker does not answer."""
    try:
        return await log_standing(kafka)
    except LogError:
        return None


def _of_the_day(gateway: Gateway) -> Table:
    """Who is inside on the day, by regional office and printed status."""
    table = Table(title=f"Population at the close of {CLOSE}", title_justify="left")
    table.add_column("office")
    for heading in ("procesado", "sentenciado", "total"):
        table.add_column(heading, justify="right")
    offices: dict[str, dict[str, int]] = {}
    for row in gateway.ask({"measure": "population", "dimensions": ["regional_office", "printed_status"]}):
        offices.setdefault(row["regional_office"], {})[row["printed_status"]] = row["value"]
    for office, of in sorted(offices.items(), key=lambda item: -sum(item[1].values())):
        table.add_row(office, *(f"{n:,}" for n in (of.get("procesado", 0), of.get("sentenciado", 0), sum(of.values()))))
    total = sum(sum(of.values()) for of in offices.values())
    table.add_row("[bold]nation", "", "", f"[bold]{total:,}")
    return table


def main() -> int:
    """Run the demo on the local stack of this checkout; whatever fails is said in one sentence."""
    console = Console()
    try:
        return Demo(Stack(Home.of_environment(), console.print), console).run()
    except (StackError, RefusedError, RefusedQuestionError, httpx.HTTPError) as error:
        console.print(str(error), style="red", markup=False)
        return 1


if __name__ == "__main__":
    sys.exit(main())
