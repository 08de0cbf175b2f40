"""`python -m tests.faults --seed 1 --rounds 20`, or `--round 7` alone, as it was within a run of that seed."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from tests.faults.rounds import RoundError, play


def main(arguments: list[str]) -> int:
    """0 if every round ended well, 1 if one did not, 130 if it was told to end."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="faults while facts come in")
    parser.add_argument("--seed", type=int, default=1)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--rounds", type=int, default=20, help="play rounds 1 to N")
    which.add_argument("--round", type=int, help="play this round alone")
    given = parser.parse_args(arguments)
    numbers = [given.round] if given.round else range(1, given.rounds + 1)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # told to end, it ends its stack as after Ctrl-C
    try:
        asyncio.run(play(given.seed, numbers, lambda text: print(text, flush=True)))
    except RoundError as error:
        print(error)
        return 1
    except KeyboardInterrupt:
        print("told to end; nothing runs any more")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
