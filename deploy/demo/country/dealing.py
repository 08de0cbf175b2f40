"""Integer allocation with exact sums: share a total out, or deal a deck of labels to people.

A printed table is a deck: "42 widowed, 908 separated" are 42 + 908 cards. Dealing the whole deck to exactly as many
people meets the table exactly, whoever gets which card. Order decides that: people are lined up by what makes a label
likely (age for civil status, gravity for sentences) plus chance, and the cards, lined up too, are dealt from the front.
Tables that share a margin are met together by dealing each inside the groups that the margin defines. The printed
tables of January 2026 cross at most two attributes and share only simple margins, so no search is needed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Reals = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Random = np.random.Generator


def apportion(total: int, weights: Sequence[float] | Reals | Ints, caps: Sequence[int] | Ints | None = None) -> Ints:
    """Share `total` out in proportion to `weights` by largest remainders, nobody above their cap.

    Raises ValueError if the caps of those with a weight cannot hold the total.
    """
    weighed = np.asarray(weights, dtype=float)
    limits = np.full(len(weighed), total) if caps is None else np.asarray(caps, dtype=np.int64)
    limits = np.where(weighed > 0, limits, 0)
    if limits.sum() < total:
        raise ValueError(f"cannot share {total} out: the caps allow {limits.sum()}")
    shares = np.zeros(len(weighed), dtype=np.int64)
    while (missing := total - int(shares.sum())) > 0:
        open_weights = np.where(shares < limits, weighed, 0.0)
        wanted = missing * open_weights / open_weights.sum()
        step = np.floor(wanted).astype(np.int64)
        step[np.argsort(-(wanted - step), kind="stable")[: missing - int(step.sum())]] += 1
        shares = np.minimum(shares + step, limits)
    return shares


def deal(deck: Sequence[int] | Ints, scores: Reals) -> Ints:
    """A label for everyone: `deck[k]` people get label k, the lowest scores the first labels.

    Raises ValueError if the deck has not as many cards as there are people.
    """
    cards = np.repeat(np.arange(len(deck)), deck)
    if len(cards) != len(scores):
        raise ValueError(f"{len(cards)} cards for {len(scores)} people: a table does not add up to its margin")
    labels = np.empty(len(scores), dtype=np.int64)
    labels[np.argsort(scores, kind="stable")] = cards
    return labels


def choose(random: Random, count: int, weights: Sequence[float] | Reals) -> Ints:
    """`count` independent indices, each in proportion to its weight."""
    limits = np.cumsum(np.asarray(weights, dtype=float))
    drawn = np.searchsorted(limits, random.random(count) * limits[-1], side="right")
    indices: Ints = np.minimum(drawn, len(limits) - 1)
    return indices


def pick(random: Random, count: int, weights: Reals) -> Ints:
    """Exactly `count` different indices, those of larger weight more likely (never of weight 0)."""
    with np.errstate(divide="ignore"):
        keys = np.log(weights) + random.gumbel(size=len(weights))
    if int((weights > 0).sum()) < count:
        raise ValueError(f"cannot pick {count} of {int((weights > 0).sum())}")
    best: Ints = np.argsort(-keys, kind="stable")[:count]
    return best
