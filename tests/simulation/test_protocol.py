"""A fixed thousand of runs; `make simulate` plays others."""

from __future__ import annotations

import io

import pytest

from tests.simulation import __main__ as door
from tests.simulation.runs import explained, first_wrong, planned, why_wrong
from tests.simulation.test_rules import NoGuard, TimeOfTheBrokerAlone
from tests.simulation.world import Rules

RUNS = range(1_000)


def test_whatever_happens_a_healthy_owner_ends_with_what_one_fold_makes() -> None:
    seed = first_wrong(RUNS, Rules())
    assert seed is None, explained(seed, Rules())


def test_a_seed_is_the_same_run_for_ever() -> None:
    traces: list[list[str]] = [[], []]
    for trace in traces:
        for seed in range(20):
            assert not why_wrong(planned(seed), Rules(), trace)
    assert traces[0] == traces[1]


def test_everything_that_may_happen_does() -> None:
    """A thousand quiet runs would show nothing."""
    trace: list[str] = []
    for seed in range(200):
        why_wrong(planned(seed), Rules(), trace)
    said = "\n".join(trace)
    for sign in (
        " dies at append",
        " dies at add",
        " hears nothing of append",
        " hears nothing of add",
        "late, for nobody: append",
        "late, for nobody: add",
        "lost on its way",
        "keeps nothing but the token",
        "are gone with their tokens",
        "the partition has moved",
        "the histories are forgotten",
        "the histories are those of an older state",
        "the part is restored",
        "]): False",
    ):
        assert sign in said, sign


def test_a_wrong_run_is_told_without_anything_that_could_be_left_out() -> None:
    rules = Rules(journal=NoGuard)
    seed = first_wrong(RUNS, rules)
    assert seed is not None
    wrong = explained(seed, rules)
    assert len(wrong.plan.log) <= 3
    for gone in range(len(wrong.plan.steps)):
        steps = [*wrong.plan.steps[:gone], *wrong.plan.steps[gone + 1 :]]
        assert not why_wrong(wrong.plan._replace(steps=steps), rules)
    assert str(wrong).startswith(f"seed={seed}: ")
    assert "offset 0: siep." in str(wrong)
    assert "append(" in str(wrong)


@pytest.mark.parametrize("rules", [Rules(), Rules(partition=TimeOfTheBrokerAlone)])
def test_the_door_says_how_it_ended(rules: Rules, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "Rules", lambda: rules)
    seed, out = first_wrong(range(50), rules), io.StringIO()
    code = door.main(50, 0, out)
    last = out.getvalue().splitlines()[-1]
    assert (code, last) == ((0, "histories=50 wrong=0") if seed is None else (1, f"histories={seed + 1} wrong=1"))
    assert (seed is None) == (rules == Rules())
