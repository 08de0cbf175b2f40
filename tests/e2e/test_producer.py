"""An establishment that was off-line for thirty days sends all of it twice, and counts like one that was always on."""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from clients.producer.sending import PORTION
from deploy.local.supervision import ROOT
from shared.adapters.clickhouse.client import connect
from shared.contracts.births import LIMA
from shared.contracts.facts import DATA
from shared.contracts.questions import Question
from shared.domain.dimensions import Dimension
from shared.domain.measures import MEASURES, Interval, Measure
from shared.reference.catalogue import load
from shared.runtime.settings import Settings
from tests.contract.examples import one_line
from tests.support.asking import Asking, asking, counted_all
from tests.support.relay import relay
from tests.support.stack import RunningStack, local_stack
from tests.support.tables import Said, kind_of, write_lines, write_workbook
from tests.support.waiting import until

pytestmark = pytest.mark.stack

ALWAYS_ON, OFF_LINE, ELSEWHERE = "ep-022", "ep-045", "ep-036"
D = Dimension
DAYS = 30
PEOPLE = 450
FIRST = datetime(2026, 3, 1, tzinfo=LIMA)
MONTH = {"from_day": date(2026, 3, 1), "to_day": date(2026, 4, 1)}


@pytest.fixture(scope="module")
def system() -> Iterator[RunningStack]:
    with local_stack("kafka", "clickhouse", "valkey", "ingest", "aggregator", "gateway") as running:
        yield running


def _history(people: int) -> list[Said]:
    """What happens to these people in thirty days, the numbers of whose documents begin with this digit."""
    dice = random.Random(7)
    facts = [fact for number in range(PEOPLE) for fact in _life(dice, f"{people}{number:07}")]
    return sorted(facts, key=lambda fact: fact["time"])


def _life(dice: random.Random, number: str) -> Iterator[Said]:
    person = {"person": {"document": "dni", "number": number}}
    minutes = sorted(dice.sample(range(DAYS * 24 * 60), 4))
    times = iter([(FIRST + timedelta(minutes=minute)).isoformat() for minute in minutes])

    def fact(kind: str, **data: Any) -> Said:
        return {"type": f"siep.{kind}.v1", "time": next(times), "data": {**person, **data}}

    profile = {"sex": dice.choice(("male", "female")), "birth_date": f"{dice.randrange(1950, 2007)}-07-15"}
    profile["residence"] = dice.choice(("150101", "010101"))
    case = {"case": f"causa-{number[-4:]}", "offences": [{"code": dice.choice(list(load()["offence"]))}]}
    if dice.random() < 0.2:
        yield fact("roll_opening", admitted_on="2025-05-02", profile=profile, cases=[case])
    else:
        yield fact("admission", motive="prision-preventiva", authority="judicial", profile=profile, cases=[case])
    if dice.random() < 0.5:
        yield fact("case_changed", case=case["case"], sentence={"months": dice.randrange(1, 400)})
    yield from _later(dice, fact)


def _later(dice: random.Random, fact: Any) -> Iterator[Said]:
    end = dice.choice(
        ("release", "release", "release", "death", "escape", "transfer", "absence", "health", "change", "")
    )
    if end == "release":
        yield fact("release", liberty_type=dice.choice(list(load()["liberty_type"])))
    elif end in ("death", "escape"):
        yield fact(end)
    elif end == "transfer":
        yield fact("transfer_departure", destination=ELSEWHERE, motive="salud")
    elif end == "absence":
        yield fact("absence_start", reason="atencion-medica")
    elif end == "health":
        yield fact("health", condition="tb_mdr", event="diagnosed")
    elif end == "change":
        yield fact("profile_change", profile={"schooling": "primaria-completa"})


async def _always_on(system: RunningStack, source: str, facts: list[Said]) -> None:
    """Each fact is said by itself when it happens, in the plain way that the contract asks for."""
    headers = {"Authorization": f"Bearer {system.ingest_key(source)}", "Content-Type": "application/cloudevents+json"}
    async with httpx.AsyncClient(base_url=system.ingest, headers=headers, timeout=30) as client:
        for number, said in enumerate(facts):
            whole = {"specversion": "1.0", "id": f"{source}-{number}", "source": source, **said}
            if "establishment" in DATA[said["type"]].model_fields:
                whole["data"] = {"establishment": source, **said["data"]}
            assert (await client.post("/v1/facts", content=one_line(whole))).status_code == 202


def _arrivals(origin: str, history: list[Said]) -> list[Said]:
    """What the other establishment says: they arrived within the hour."""
    left = [fact for fact in history if kind_of(fact) == "transfer_departure"]
    return [
        {
            "type": "siep.transfer_arrival.v1",
            "time": (datetime.fromisoformat(fact["time"]) + timedelta(hours=1)).isoformat(),
            "data": {"person": fact["data"]["person"], "origin": origin},
        }
        for fact in left[::2]
    ]


class Machine:
    """A machine of the establishment that was off-line, with a journal of its own."""

    def __init__(self, system: RunningStack, folder: Path) -> None:
        self._environment = {
            "PATH": os.environ["PATH"],
            "SIEP_SOURCE": OFF_LINE,
            "SIEP_INGEST": system.ingest,
            "SIEP_KEY": system.ingest_key(OFF_LINE),
            "SIEP_JOURNAL": str(folder),
        }

    async def start(self, *arguments: str, ingest: str = "") -> asyncio.subprocess.Process:
        environment = self._environment | ({"SIEP_INGEST": ingest} if ingest else {})
        command = (sys.executable, "-m", "clients.producer", *arguments)
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )

    async def run(self, *arguments: str) -> str:
        """What the kit says; it must end well."""
        process = await self.start(*arguments)
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0, said[-2_000:]
        return said

    async def send_until_killed(self, ingest: str) -> None:
        """Send over a line on which ingest's second answer is lost, because the machine dies at that instant."""
        dying = asyncio.Event()
        async with relay(ingest, 2, dying.set) as address:
            process = await self.start("send", ingest=address)
            await dying.wait()
            process.kill()
            await process.communicate()
        assert process.returncode == -9

    async def fates(self) -> Counter[str]:
        process = await self.start("status")
        said = (await process.communicate())[0].decode()
        return (
            Counter({text: int(count) for count, text in re.findall(r"^ +(\d+) (.+)$", said, re.MULTILINE)}) + Counter()
        )


async def test_figures_are_those_of_an_establishment_that_was_always_on(system: RunningStack, tmp_path: Path) -> None:
    history, alike = _history(3), _history(4)
    assert len(history) > 2 * PORTION
    first, second = Machine(system, tmp_path / "first"), Machine(system, tmp_path / "second")
    write_lines(tmp_path / "month.ndjson", history)
    await asyncio.gather(
        _always_on(system, ALWAYS_ON, alike),
        _always_on(system, ELSEWHERE, _arrivals(ALWAYS_ON, alike) + _arrivals(OFF_LINE, history)),
        first.run("add", str(tmp_path / "month.ndjson")),
        second.run("add", *_workbooks(tmp_path, history)),
    )
    assert await first.fates() == {"en el cuaderno, sin enviar": len(history)}
    await first.send_until_killed(system.ingest)
    unknown = {"aceptada": PORTION, "no se sabe si llegó: se enviará otra vez": PORTION}
    assert await first.fates() == unknown | {"en el cuaderno, sin enviar": len(history) - 2 * PORTION}
    for machine in (first, second):
        await machine.run("send")
        assert await machine.fates() == {"aceptada": len(history)}
    async with asking(system) as client:
        await until(lambda: counted_all(system, client), "everything is counted")
        assert _outcomes(system) == {"counted": len(history), "duplicate": len(history) + PORTION}
        for question in QUESTIONS:
            cells = await _by_establishment(client, question)
            assert cells[OFF_LINE] == cells[ALWAYS_ON] != {}, question


def _workbooks(folder: Path, history: list[Said]) -> list[str]:
    """One for each kind, filled in by somebody who goes through the paper from its end."""
    kinds: defaultdict[str, list[Said]] = defaultdict(list)
    for fact in reversed(history):
        kinds[kind_of(fact)].append(fact)
    for kind, facts in kinds.items():
        write_workbook(folder / f"{kind}.xlsx", facts)
    return [str(folder / f"{kind}.xlsx") for kind in kinds]


def _outcomes(system: RunningStack) -> dict[str, int]:
    query = "SELECT outcome, count() FROM journal_3 WHERE line = 0 AND source = {source:String} GROUP BY outcome"
    with connect(system.settings(Settings)) as client:
        return dict(client.query(query, {"source": OFF_LINE}).result_rows)


def _question(measure: Measure, *dimensions: Dimension, **time: Any) -> Question:
    return Question.model_validate({"measure": measure, "dimensions": (D.ESTABLISHMENT, *dimensions), **time})


NOT_IN_THESE_LIVES = (Measure.CAPACITY, Measure.CHILDREN, Measure.RECAPTURES, Measure.TRANSFERS_IN)
QUESTIONS = [
    *(
        _question(measure, interval=Interval.DAY, **MONTH)
        for measure, spec in MEASURES.items()
        if len(spec.values) == 1 and D.ESTABLISHMENT in spec.dimensions and measure not in NOT_IN_THESE_LIVES
    ),
    *(
        _question(Measure.POPULATION, *dimensions, at=day)
        for day in (date(2026, 3, 15), date(2026, 3, 31))
        for dimensions in (
            (D.LEGAL_STATUS, D.SEX),
            (D.AGE_BAND, D.RESIDENCE_DISTRICT),
            (D.OFFENCE,),
            (D.SENTENCE_BAND,),
        )
    ),
    _question(Measure.RELEASES, D.LIBERTY_TYPE, D.SEX, **MONTH),
]


async def _by_establishment(client: Asking, question: Question) -> dict[str, dict[tuple[str, ...], int]]:
    """The cells of each establishment."""
    cells: defaultdict[str, dict[tuple[str, ...], int]] = defaultdict(dict)
    answer = (await client.figure(question)).cells
    for key, count in answer.items():
        [site] = (part for part in key if part.startswith("ep-"))
        cells[site][tuple(part for part in key if part != site)] = count
    return cells
