"""`python -m tests.simulation ROUNDS SEED`: plays ROUNDS runs of each kind, from SEED on.

Of one partition (`runs`), and of merged persons in three (`merged`).

Exits with 1 at the first that ends wrong, once it is told as short as it can be. The last line is `histories=N wrong=W`.
"""

from __future__ import annotations

import sys
from typing import TextIO

from tests.simulation import merged
from tests.simulation.runs import explained, first_wrong
from tests.simulation.world import Rules

TOLD_EVERY = 5_000


def main(rounds: int, first: int, out: TextIO) -> int:
    """Play them; 0 if all ended as they must."""
    rules, end = Rules(), first + rounds
    for start in range(first, end, TOLD_EVERY):
        seed = first_wrong(range(start, min(start + TOLD_EVERY, end)), rules)
        if seed is not None:
            print(explained(seed, rules), file=out)
            print(f"histories={seed - first + 1} wrong=1", file=out)
            return 1
        seed = merged.first_wrong(range(start, min(start + TOLD_EVERY, end)), merged.Rules())
        if seed is not None:
            print(merged.explained(seed, merged.Rules()), file=out)
            print(f"histories={seed - first + 1} wrong=1", file=out)
            return 1
        print(f"{min(start + TOLD_EVERY, end) - first} of {rounds}", file=out, flush=True)
    print(f"histories={rounds} wrong=0", file=out)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.stdout))
