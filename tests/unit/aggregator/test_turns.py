"""When a partition may begin its next batch."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from services.aggregator.app import TURN_SECONDS, next_turn
from shared.contracts.topics import PARTITIONS

_NOW = st.floats(0, 1e6)


@given(number=st.integers(0, PARTITIONS - 1), now=_NOW)
def test_the_next_turn_comes_within_one_period(number: int, now: float) -> None:
    """Whoever begins a batch now waits for the next one, and never longer than a period."""
    assert now < next_turn(number, now) <= now + TURN_SECONDS + 1e-6


@given(now=_NOW)
def test_partitions_under_load_never_begin_together(now: float) -> None:
    """Each has a point of its own in the period."""
    turns = sorted(next_turn(number, now) for number in range(PARTITIONS))
    assert min(later - sooner for sooner, later in pairwise(turns)) > TURN_SECONDS / PARTITIONS / 2
