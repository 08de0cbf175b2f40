"""Facts: the country as messages of contract v1, one JSON line each, in the order in which they would arrive.

Lines are made by f-strings, in batches of columns, because the whole country is 600,000 lines. A test reads them back
through the contract.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping
from operator import itemgetter

import numpy as np
import orjson

from deploy.demo.country import tables
from deploy.demo.country.events import Events, Kind, events
from deploy.demo.country.histories import Stays, stays
from deploy.demo.country.messages import WRITERS, Said, Stay

LEAST_SCALE, MOST_SCALE = 0.001, 150
_PERSONS_PER_REPLICA = 600_000
_NEVER_WAS = 300_000
"""Where the numbers of people begin who were entered by mistake."""
_BATCH = 20_000


def generate(seed: int, scale: float) -> Iterator[tuple[str, bytes]]:
    """Every message of the country in the order of arrival: (who speaks, one line of JSON without its line feed).

    At `scale` 1 the country is whole and exact; below 1 it is a sample of it; above, further countries of other people
    join it. Reference facts from `inpe` come first. The same seed and scale give the same bytes. Raises ValueError for
    a scale below 0.001 (a hundred people) or above 150 (documents have eight digits).
    """
    if not LEAST_SCALE <= scale <= MOST_SCALE:
        raise ValueError(f"scale: expected {LEAST_SCALE} to {MOST_SCALE}, not {scale}")
    shares = [min(scale - number, 1) for number in range(math.ceil(scale))]
    replicas = [_replica(seed, number, share) for number, share in enumerate(shares) if share >= LEAST_SCALE]
    streams = [_reference(), *replicas]
    for _, source, line in heapq.merge(*streams, key=itemgetter(0)):
        yield source, line


def country(seed: int, replica: int, share: float) -> tuple[Stays, Events]:
    """The stays and events of one country: `share` of it, with people of its own for each `replica`."""
    random = np.random.default_rng([seed, replica])
    lived = stays(random, share)
    return lived, events(random, lived)


def _replica(seed: int, replica: int, share: float) -> Iterator[tuple[int, str, bytes]]:
    lived, happened = country(seed, replica, share)
    for start in range(0, len(happened), _BATCH):
        yield from _written(lived, happened[start : start + _BATCH], replica)


def _written(lived: Stays, happened: Events, replica: int) -> Iterator[tuple[int, str, bytes]]:
    times = np.datetime_as_string(happened["at"].astype("datetime64[s]")).tolist()
    whose = lived[happened["stay"]].tolist()
    for (arrives, at, number, kind, step), time, row in zip(happened.tolist(), times, whose, strict=True):
        said = Said(Stay._make(row), number, replica, at, step)
        source, fact_type, fact_id, data = WRITERS[kind](said)
        line = (
            f'{{"specversion":"1.0","id":"{fact_id}","source":"{source}","type":"siep.{fact_type}.v1",'
            f'"time":"{time}-05:00","data":{{"person":{_person(said, kind)},{data}}}}}'
        )
        yield arrives, source, line.encode()


def _person(said: Said, kind: int) -> str:
    """An invented document: 100 million numbers are numbered through in steps that share no factor with them."""
    never_was = kind in (Kind.MISTAKEN_ENTRY, Kind.VOIDED_ENTRY)
    index = _NEVER_WAS + said.number if never_was else said.stay.person
    number = (7_919 + 61_803_399 * (said.replica * _PERSONS_PER_REPLICA + index)) % 100_000_000
    if said.stay.nationality:
        return f'{{"document":"foreigner_card","number":"0{number:08d}"}}'
    return f'{{"document":"dni","number":"{number:08d}"}}'


def _reference() -> Iterator[tuple[int, str, bytes]]:
    """The 69 establishments and their capacities, before anybody is on a roll, and the capacities that changed."""
    places = {site.code: site.capacity for site in tables.establishments()}
    for change in tables.CAPACITY_CHANGES:
        places[change.establishment] -= change.places
    for site in tables.establishments():
        how = {"name": site.name, "office": site.office, "place": site.ubigeo, "houses": site.houses}
        yield _by_inpe("establishment", f"est-{site.code}", tables.CAPACITY_SINCE, {"establishment": site.code, **how})
    for code, known in places.items():
        yield _capacity(f"cap-{code}", code, tables.CAPACITY_SINCE, known)
    for change in tables.CAPACITY_CHANGES:
        code = change.establishment
        places[code] += change.places
        yield _capacity(f"cap-{code}-{change.day}", code, change.day, places[code])


def _capacity(fact_id: str, code: str, day: str, places: int) -> tuple[int, str, bytes]:
    return _by_inpe("capacity", fact_id, day, {"establishment": code, "places": places})


def _by_inpe(fact_type: str, fact_id: str, day: str, data: Mapping[str, object]) -> tuple[int, str, bytes]:
    fact = {"specversion": "1.0", "id": fact_id, "source": "inpe", "type": f"siep.{fact_type}.v1"}
    line = orjson.dumps({**fact, "time": f"{day}T00:00:00-05:00", "data": data})
    return int(np.datetime64(day, "s").astype(np.int64)), "inpe", line
