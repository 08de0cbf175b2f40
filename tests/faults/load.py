"""What is said in a round, by whom and through which door: a pure function of seed and round.

Whole lives of people whom no other round knows, told out of order; some of it late by a round, twice, taken back,
amended or contradicted, and some that is no fact at all.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from random import Random
from typing import Any, Literal, NamedTuple

from deploy.bench.load import marked
from deploy.demo.country.facts import generate
from deploy.demo.loading import Line
from shared.contracts.facts import AMENDABLE

SCALE = 0.001
"""Of the country: a hundred people, some six hundred facts."""
SECONDS = 4.0
"""The load of a round comes in during so many seconds."""
MERGED = 6
"""So many merges in a round."""
HELD_BACK, DOUBLED, CORRECTED, RUBBISH = 0.08, 0.08, 0.06, 0.03
"""Which part of the lines arrives a round late, comes twice, is amended, voided or contradicted, and is no fact."""
DISORDER = 40.0
"""So many places a line strays from its turn."""
LAST_WHOLE_YEAR = "2025"
"""What is told ends with January of the year after it."""
REFERENCE_LINES = 12
"""How many of the capacities and establishments are told in a round."""
WINDOW = 60
TWINS = 5

Door = Literal["lines", "single", "inbound"]


class Delivery(NamedTuple):
    """Lines that go in together by one door, `at` seconds after the round began."""

    at: float
    door: Door
    speaker: str
    lines: tuple[bytes, ...]


class Load(NamedTuple):
    """What is said in a round; `twins` have the identity of a known fact and say something else: once it is known."""

    deliveries: list[Delivery]
    twins: list[Delivery]


def load(seed: int, number: int) -> Load:
    """The load of round `number`, from 1."""
    random = Random(f"load {seed} {number}")
    now, _ = _told(seed, number)
    before, late = _told(seed, number - 1) if number > 1 else ([], [])
    again = random.sample([*now, *before], int(len(now) * DOUBLED))
    lines = [*now, *late, *again, *_corrections(random, [*now, *late], number)]
    lines += [*_merges(random, [*now, *late], number), *_rubbish(random, now, number)]
    by_kafka = _some(random, sorted({speaker for speaker, _ in lines}), 0.3)
    deliveries = list(_deliveries(random, _strayed(random, lines), frozenset(by_kafka)))
    over_http = [line for delivery in deliveries if delivery.door != "inbound" for line in _said_by(delivery)]
    known = sorted(set(over_http) & set(now))
    twins = [Delivery(0.0, "single", speaker, (_twin(line),)) for speaker, line in random.sample(known, TWINS)]
    return Load(deliveries, twins)


@lru_cache(maxsize=2)
def _told(seed: int, number: int) -> tuple[list[Line], list[Line]]:
    """What is true of this round's people: what is said in it, and what only the next round hears."""
    random = Random(f"told {seed} {number}")
    lines = [(speaker, _marked(line, number)) for speaker, line in generate(random.getrandbits(32), SCALE)]
    by_inpe = [line for line in lines if line[0] == "inpe"]
    lines = [*random.sample(by_inpe, REFERENCE_LINES), *(line for line in lines if line[0] != "inpe")]
    later = set(_some(random, range(len(lines)), HELD_BACK))
    return (
        [line for index, line in enumerate(lines) if index not in later],
        [line for index, line in enumerate(lines) if index in later],
    )


def _marked(line: bytes, number: int) -> bytes:
    """The same of other people: ids and documents that no other round has."""
    return marked(line, b"%d-" % number)


def _some(random: Random, among: Any, part: float) -> list[Any]:
    return random.sample(among, round(len(among) * part))


def _strayed(random: Random, lines: list[Line]) -> list[Line]:
    turns = [(index + random.gauss(0, DISORDER), line) for index, line in enumerate(sorted(lines, key=_time))]
    return [line for _, line in sorted(turns)]


def _time(line: Line) -> tuple[bytes, Line]:
    return line[1].partition(b'"time":"')[2][:19], line


def _deliveries(random: Random, lines: list[Line], by_kafka: frozenset[str]) -> Iterator[Delivery]:
    """Each speaker's lines of a window together; some speak one line at a time."""
    windows = [lines[start : start + WINDOW] for start in range(0, len(lines), WINDOW)]
    for index, window in enumerate(windows):
        for speaker, spoken in groupby(sorted(window, key=lambda line: line[0]), key=lambda line: line[0]):
            said = tuple(line for _, line in spoken)
            at = round((index + random.random()) * SECONDS / len(windows), 2)
            if speaker in by_kafka:
                yield Delivery(at, "inbound", speaker, said)
            elif random.random() < 0.3:
                yield from (Delivery(at, "single", speaker, (line,)) for line in said)
            else:
                yield Delivery(at, "lines", speaker, said)


def _said_by(delivery: Delivery) -> Iterator[Line]:
    return ((delivery.speaker, line) for line in delivery.lines)


def _corrections(random: Random, lines: list[Line], number: int) -> Iterator[Line]:
    """Amendments and voids, and the same once more under another id: admitted twice, released twice."""
    facts = [(speaker, json.loads(line)) for speaker, line in lines]
    amendable = [(speaker, fact) for speaker, fact in facts if fact["type"] in AMENDABLE]
    for index, (speaker, fact) in enumerate(_some(random, amendable, CORRECTED)):
        made = random.choice((_void, _amendment, _contradiction))(random, fact)
        yield speaker, _line({**made, "id": f"{number}-cor-{index}"})


def _merges(random: Random, lines: list[Line], number: int) -> Iterator[Line]:
    """Two documents of the round are one person, some of them in chains; a third of it is taken back."""
    facts = [(speaker, fact) for speaker, line in lines if "person" in (fact := json.loads(line))["data"]]
    for index in range(MERGED):
        (speaker, one), (_, other) = random.sample(facts, 2)
        data = {"person": one["data"]["person"], "other": other["data"]["person"]}
        merge = {**one, "type": "siep.identity_merge.v1", "id": f"{number}-merge-{index}", "data": data}
        yield speaker, _line(merge)
        if random.random() < 1 / 3:
            yield speaker, _line({**_void(random, merge), "id": f"{number}-apart-{index}"})


def _void(_: Random, fact: dict[str, Any]) -> dict[str, Any]:
    data = {"person": fact["data"]["person"], "target": {"source": fact["source"], "id": fact["id"]}}
    return {**fact, "type": "siep.void.v1", "data": data}


def _amendment(random: Random, fact: dict[str, Any]) -> dict[str, Any]:
    data = {name: value for name, value in fact["data"].items() if name != "person"}
    target = {"source": fact["source"], "id": fact["id"]}
    replacement = {"type": fact["type"], "time": _moved(random, fact["time"]), "data": data}
    return {
        **fact,
        "type": "siep.amendment.v1",
        "data": {"person": fact["data"]["person"], "target": target, "replacement": replacement},
    }


def _contradiction(random: Random, fact: dict[str, Any]) -> dict[str, Any]:
    return {**fact, "time": _moved(random, fact["time"])}


def _moved(random: Random, time: str) -> str:
    """The same day or another one of the same year, at another hour; of the last year, the year before: none to come."""
    month, day = (random.randrange(1, 13), random.randrange(1, 29)) if random.random() < 0.5 else (None, None)
    date = f"{min(time[:4], LAST_WHOLE_YEAR)}-{month:02d}-{day:02d}" if month and day else time[:10]
    return f"{date}T{random.randrange(24):02d}{time[13:]}"


def _twin(line: bytes) -> bytes:
    fact = json.loads(line)
    return _line({**fact, "time": f"{fact['time'][:17]}{(int(fact['time'][17:19]) + 1) % 60:02d}{fact['time'][19:]}"})


def _rubbish(random: Random, lines: list[Line], number: int) -> Iterator[Line]:
    """What is no JSON, speaks for somebody else, has no offset in its time, or says something that nobody knows."""
    for index, (speaker, line) in enumerate(_some(random, lines, RUBBISH)):
        fact = {**json.loads(line), "id": f"{number}-bad-{index}"}
        yield (
            speaker,
            random.choice(
                (
                    line[: len(line) // 2],
                    _line({**fact, "source": "ep-999"}),
                    _line({**fact, "time": fact["time"][:19]}),
                    _line({**fact, "data": {**fact["data"], "motive": "nobody-knows"}}),
                )
            ),
        )


def _line(fact: dict[str, Any]) -> bytes:
    return json.dumps(fact, separators=(",", ":")).encode()


def lines_of(deliveries: Iterable[Delivery]) -> list[Line]:
    """Every line of these, in the order in which they are planned."""
    return [line for delivery in sorted(deliveries) for line in _said_by(delivery)]
