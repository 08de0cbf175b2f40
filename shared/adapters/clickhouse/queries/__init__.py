"""The questions put to ClickHouse, one `.sql` file each, with typed parameters."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from shared.contracts.questions import LEDGER_VERSION, LogPosition

LEDGER = f"journal_{LEDGER_VERSION}"
"""The journal of the fold in force: the number is the version of the fold."""


def journal_of(position: LogPosition, current: str = LEDGER) -> str:
    """The journal that this position lies in: `current`, or an older one, kept for what was known under it."""
    return f"journal_{position.ledger_version}" if position.is_of_an_older_ledger else current


def checkpoints_of(journal: str) -> str:
    """The table of its stocks at the ends of months that are over, in its third form."""
    return journal.replace("journal", "checkpoint", 1) + "c"


def rolls_of(journal: str) -> str:
    """The table of everybody who was counted in it at New Year."""
    return journal.replace("journal", "roll", 1)


@cache
def statement(name: str) -> str:
    """The text of `<name>.sql`."""
    return (files(__name__) / f"{name}.sql").read_text(encoding="utf-8").strip()  # data follow a statement at once
