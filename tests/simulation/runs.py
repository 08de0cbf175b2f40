"""Runs by their seed: made, played, held against one undisturbed fold of the log, and shortened if they are wrong."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

import pytest

from services.aggregator import folding, handlers
from services.aggregator.folding import decoded, fold_batch
from shared.contracts.mapping import decode
from shared.domain import reference
from shared.domain.facts import Fact
from shared.ports import Consumed, Position, Record
from tests.simulation.calls import WrongError
from tests.simulation.logs import random_log
from tests.simulation.world import PARTITION, Plan, Rules, Step, World
from tests.support.histories import FIRST_DAY
from tests.support.sums import first_of_each, flows_of, stock_of

DAYS = (FIRST_DAY + 2, FIRST_DAY + 8)
_CHANCES = {
    "go": 80,
    "crash": 3,
    "time_out": 5,
    "land": 6,
    "vanish": 1,
    "burn": 2,
    "power_cut": 1,
    "lose": 0.5,
    "forget": 1,
    "keep": 1,
    "restore": 1,
}
_VERBS, _WEIGHTS = tuple(_CHANCES), tuple(_CHANCES.values())


class Wrong(NamedTuple):
    """A run that ended wrong: its seed, the shortest plan found that still does, why, and what happens in it."""

    seed: int
    plan: Plan
    why: str
    trace: list[str]

    def __str__(self) -> str:
        return "\n  ".join((f"seed={self.seed}: {self.why}", *map(_line, self.plan.log), *self.trace))


def _line(record: Record) -> str:
    message = decode(record.value)
    said = message.fact.data if message.fact else ""
    return (
        f"offset {record.offset}: {message.type} {message.source} {message.id} of person {message.subject[-1]} {said}"
    )


def planned(seed: int) -> Plan:
    """The run of a seed."""
    random = Random(seed)
    reads = [random.choices(range(1, 6), k=3) for _ in range(random.randint(2, 3))]
    verbs = random.choices(_VERBS, _WEIGHTS, k=random.randint(10, 100))
    return Plan(random_log(random), reads, [Step(verb, random.randrange(6)) for verb in verbs])


def why_wrong(plan: Plan, rules: Rules, trace: list[str] | None = None) -> str | None:
    """Why a run ends otherwise than it must, None if it does not; what happens in it is added to `trace`."""
    world = World(plan, rules, trace)
    try:
        with small_batches():
            world.play()
        _compare(world, plan.log)
    except WrongError as error:
        return str(error)
    return None


@contextlib.contextmanager
def small_batches() -> Iterator[None]:
    """Batches are cut, and histories rebuilt, by so few rows that it happens in a short run; without a word."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(folding, "ROWS_PER_BATCH_MAX", 8)
        patch.setattr(handlers, "CATCH_UP_OFFSETS", 3)
        patch.setattr(handlers.log, "disabled", True)
        yield


def kept_by_one(log: Sequence[Record]) -> list[Consumed]:
    """What one owner keeps that nothing disturbs: one fold, begun anew only where a part must end."""
    told, kept, known = decoded(log), list[Consumed](), dict[str, list[tuple[int, Fact]]]()
    while len(kept) < len(told):
        position = Position(len(kept), len(kept), kept[-1].recorded_at_ms if kept else 0)
        folded = fold_batch(told[len(kept) :], known, position)
        kept += folded.consumed
        for offset, subject, fact in folded.counted:
            known.setdefault(subject, []).append((offset, fact))
    return kept


def _compare(world: World, log: Sequence[Record]) -> None:
    rows = world.journal.rows(PARTITION)
    if rows != (right := kept_by_one(log)):
        offsets, awaited = [row.offset for row in rows], [row.offset for row in right]
        unlike = [row.offset for row, other in zip(rows, right, strict=False) if row != other]
        raise WrongError(f"kept {offsets} of {awaited}, unlike from {unlike[:1]} on")
    _compare_cache(world, rows)
    _compare_sums(rows)


def _compare_cache(world: World, rows: list[Consumed]) -> None:
    subjects = {row.message.subject for row in rows}
    mark, histories = world.cached(subjects)
    for subject in subjects:
        counted = [
            (row.offset, row.message.fact)
            for row in rows
            if row.offset < mark and row.outcome == "counted" and row.message.subject == subject
        ]
        if histories[subject] != counted:
            found = [offset for offset, _ in histories[subject]]
            raise WrongError(f"the histories hold {found} of {[offset for offset, _ in counted]} below {mark}")


def _compare_sums(rows: list[Consumed]) -> None:
    told: dict[str, list[Fact]] = {}
    for row in rows:
        if row.message.fact:
            told.setdefault(row.message.subject, []).append(row.message.fact)
    people = [first_of_each(facts) for facts in told.values()]
    ledger = [entry for row in rows for entry in row.entries]
    if flows_of(ledger) != reference.flows(people):
        raise WrongError("the movements are not those of the reference count")
    for day in DAYS:
        if stock_of(ledger, day) != reference.stock(people, day):
            raise WrongError(f"the stock of day {day} is not that of the reference count")


def first_wrong(seeds: Iterable[int], rules: Rules) -> int | None:
    """The first of these seeds whose run ends wrong; None if all end as they must."""
    return next((seed for seed in seeds if why_wrong(planned(seed), rules)), None)


def explained(seed: int, rules: Rules) -> Wrong:
    """The shortest run found that ends wrong as that of this seed does, with what happens in it."""
    plan = shortened(planned(seed), lambda shorter: bool(why_wrong(shorter, rules)))
    trace: list[str] = []
    return Wrong(seed, plan, why_wrong(plan, rules, trace) or "", trace)


def shortened(plan: Plan, is_wrong: Callable[[Plan], bool]) -> Plan:
    """A plan that is still wrong, out of which no single step or record can be left."""
    while True:
        shorter = next(filter(is_wrong, _shorter(plan)), None)
        if shorter is None:
            return plan
        plan = shorter


def _shorter(plan: Plan) -> Iterator[Plan]:
    """Plans that are a little shorter: without many steps, without few, without a record."""
    steps, log = plan.steps, plan.log
    size = len(steps)
    while size:
        for start in range(0, len(steps), size):
            yield plan._replace(steps=[*steps[:start], *steps[start + size :]])
        size //= 2
    for gone in range(len(log) if len(log) > 1 else 0):
        rest = (record for record in log if record.offset != gone)
        yield plan._replace(log=[record._replace(offset=offset) for offset, record in enumerate(rest)])
