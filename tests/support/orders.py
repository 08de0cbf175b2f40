"""Orders of files."""

from __future__ import annotations

from datetime import date

from shared.contracts.export_jobs import Format, Movements, Order, definitions_version
from shared.contracts.questions import LEDGER_VERSION, LogPosition, Question
from shared.domain.measures import Measure
from shared.reference.catalogue import load

POSITION = LogPosition(LEDGER_VERSION, (5, 0, 0, 0, 0, 0, 0, 0, 2))
POPULATION = Question(measure=Measure.POPULATION, at=date(2025, 2, 28))


def order(asked: Question | Movements = POPULATION, kind: Format = Format.CSV, at: LogPosition = POSITION) -> Order:
    """An order under the definitions and catalogues of this release."""
    return Order(
        question=asked if isinstance(asked, Question) else None,
        movements=asked if isinstance(asked, Movements) else None,
        format=kind,
        position=str(at),
        definitions=definitions_version(),
        catalogue=load().version,
    )
