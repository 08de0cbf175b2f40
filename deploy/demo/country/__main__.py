"""Writes the simulated country to a file: `python -m deploy.demo.country --seed 1 --scale 1 --out FILE.ndjson`."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import numpy as np

from deploy.demo.country import tables
from deploy.demo.country.events import Events, Kind, stock
from deploy.demo.country.facts import country, generate
from deploy.demo.country.histories import Stays, month_start


def main() -> None:
    """Write what is asked for: the messages, one a line, or what they add up to."""
    arguments = _arguments()
    if arguments.out:
        with arguments.out.open("wb") as file:
            file.writelines(line + b"\n" for _, line in generate(arguments.seed, arguments.scale))
    if arguments.summary:
        _summary(*country(arguments.seed, 0, min(arguments.scale, 1)))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m deploy.demo.country", description="The simulated country.")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same bytes (default 1)")
    parser.add_argument("--scale", type=float, default=1, help="1 is the whole country, 0.01 a hundredth of it")
    parser.add_argument("--out", type=Path, help="file for the messages, one CloudEvent a line")
    parser.add_argument("--summary", action="store_true", help="print stocks and counts of events of the first replica")
    arguments = parser.parse_args()
    if not (arguments.out or arguments.summary):
        parser.error("nothing to do: give --out FILE, --summary or both")
    return arguments


def _summary(lived: Stays, happened: Events) -> None:
    print(f"{'month end':<12}{'stock':>9}{'known':>9}")
    for (year, month), known in tables.KNOWN_STOCKS.items():
        close = int(month_start(np.array([year * 12 + month]))[0])
        print(f"{year}-{month:02d}     {stock(lived, close):>9,}{known:>9,}")
    for kind, count in sorted(Counter(happened["kind"].tolist()).items()):
        print(f"{Kind(kind).name.lower().replace('_', ' '):<21}{count:>9,}")
    print(f"{'all':<21}{len(happened):>9,}")


if __name__ == "__main__":
    main()
