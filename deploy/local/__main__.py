"""`python -m deploy.local up | down | status | env`: what the doors call (`env` for `make verify`)."""

from __future__ import annotations

import sys

from rich.console import Console
from rich.table import Table

from deploy.local.home import Home, StackError
from deploy.local.stack import Stack

_WHERE = (
    ("GraphQL", "SIEP_GATEWAY", "/graphql"),
    ("facts in", "SIEP_INGEST", "/v1/facts"),
    ("ClickHouse", "SIEP_CLICKHOUSE", "/"),
    ("Kafka", "SIEP_KAFKA", ""),
)


def _up(stack: Stack) -> int:
    environment = stack.up()
    print()
    for what, variable, path in _WHERE:
        print(f"{what:<11} {environment[variable]}{path}")
    print(f"token       {environment['SIEP_STATISTICIAN_TOKEN']} (a statistician's, for GraphQL)")
    print(f"secrets     {stack.home.env_file}")
    return 0


def _down(stack: Stack) -> int:
    stack.down()
    print("Nothing of the local stack runs. Its data are kept.")
    return 0


def _status(stack: Stack) -> int:
    """Exit code 1 if anything is not well or nothing runs."""
    standings = stack.status()
    if not standings:
        print("The local stack does not run: start it with make up.")
        return 1
    table = Table("process", "health", "pid", "port", "MB", box=None)
    for one in standings:
        table.add_row(
            *("" if cell is None else str(cell) for cell in (one.name, one.state, one.pid, one.port, one.memory_mb))
        )
    Console().print(table)
    return 0 if all(one.state == "ok" for one in standings) else 1


def _env(stack: Stack) -> int:
    """Addresses and secrets of the running stack, as a shell reads them."""
    if not stack.status():
        raise StackError("The local stack does not run: start it with make up.")
    print(stack.home.env_file.read_text(encoding="utf-8"), end="")
    return 0


DOORS = {"up": _up, "down": _down, "status": _status, "env": _env}


def main(arguments: list[str]) -> int:
    """Run one door; the exit code says whether it did what was asked."""
    if len(arguments) != 1 or arguments[0] not in DOORS:
        print(f"usage: python -m deploy.local {' | '.join(DOORS)}", file=sys.stderr)
        return 2
    try:
        return DOORS[arguments[0]](Stack(Home.of_environment()))
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
