"""`python -m deploy.bench [NAME…]`: measure all figures, or those named, and print one table.

The exit code is 1 only if a figure is beyond twice its budget.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from deploy.bench.asking import gateway
from deploy.bench.counting import aggregator
from deploy.bench.figures import Figure
from deploy.bench.heavy import heavy
from deploy.bench.lives import history
from deploy.bench.meters import busy_seconds, peak_megabytes
from deploy.bench.rig import Rig, rig
from deploy.bench.running import sustained
from deploy.bench.taking import ingest
from deploy.bench.writing import files

FIGURES: dict[str, Callable[[Rig], list[Figure]]] = {
    "ingest": ingest,
    "aggregator": aggregator,
    "history": history,
    "heavy": heavy,
    "sustained": sustained,
    "gateway": gateway,
    "files": files,
}


def main(names: list[str]) -> int:
    """Measure these figures, or all."""
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"There is no figure {unknown[0]!r}: choose from {', '.join(FIGURES)}.")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # by way of what ends the stack
    console = Console()
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {what}", highlight=False)

    found: list[Figure] = []
    with rig(say) as running:
        for name in names or FIGURES:
            console.rule(f"[bold]{name}", align="left")
            found += _measured(running, name)
        found += [
            Figure(f"memory of {name}, peak", peak_megabytes(process), "MB")
            for name, process in running.processes().items()
        ]
    console.print(_table(found))
    beyond = [one.name.strip() for one in found if one.failed]
    console.print(f"beyond twice the budget: {', '.join(beyond) or 'none'}", highlight=False)
    return 1 if beyond else 0


def _measured(running: Rig, name: str) -> list[Figure]:
    """The figures of one part, and how much of the machine others used meanwhile: then all of them are too high."""
    began, busy, used = time.monotonic(), busy_seconds(), running.used_seconds()
    found = FIGURES[name](running)
    others = busy_seconds() - busy - (running.used_seconds() - used)
    cores = max(others, 0.0) / (time.monotonic() - began)
    return [*found, Figure(f"cores that others used meanwhile ({name})", cores, "")]


def _table(found: list[Figure]) -> Table:
    table = Table("figure", title="CPU unless said otherwise", title_justify="left")
    for heading in ("measured", "budget", "ratio"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(*one.row(), style="red" if one.failed else None)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
