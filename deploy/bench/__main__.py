"""`python -m deploy.bench [NAME…]`: measure all figures, or those named, and print one table.

The exit code is 1 only if a figure is beyond twice its budget.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from rich.console import Console
from rich.table import Table

from deploy.bench.counting import aggregator
from deploy.bench.figures import Figure
from deploy.bench.rig import Rig, rig

FIGURES: dict[str, Callable[[Rig], list[Figure]]] = {
    "aggregator": aggregator,
}


def main(names: list[str]) -> int:
    """Measure these figures, or all."""
    unknown = [name for name in names if name not in FIGURES]
    if unknown:
        sys.exit(f"There is no figure {unknown[0]!r}: choose from {', '.join(FIGURES)}.")
    console = Console()
    began = time.monotonic()

    def say(what: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {what}", highlight=False)

    found: list[Figure] = []
    with rig(say) as running:
        for name in names or FIGURES:
            console.rule(f"[bold]{name}", align="left")
            found += FIGURES[name](running)
    console.print(_table(found))
    beyond = [one.name.strip() for one in found if one.failed]
    console.print(f"beyond twice the budget: {', '.join(beyond) or 'none'}", highlight=False)
    return 1 if beyond else 0


def _table(found: list[Figure]) -> Table:
    table = Table("figure", title="CPU unless said otherwise", title_justify="left")
    for heading in ("measured", "budget", "ratio"):
        table.add_column(heading, justify="right")
    for one in found:
        table.add_row(*one.row(), style="red" if one.failed else None)
    return table


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
