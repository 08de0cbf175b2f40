"""What a file is called, what it rests on, and how its manifest and its sheet of provenance say so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from shared.contracts.export_jobs import Column, Manifest, Movements, Named, Order
from shared.contracts.questions import LogPosition, Question
from shared.domain.dimensions import DIMENSIONS
from shared.domain.measures import MEASURES

_NOTHING_LEFT_OUT = Named(
    es="Las celdas sin personas no figuran; ninguna otra se omite.",
    en="Cells of nobody are left out, and no other.",
)
_NO_HEALTH = Named(
    es="El libro de salud no se incluye y ninguna persona se identifica.",
    en="The book of health is not included, and no person is named.",
)


class Basis(NamedTuple):
    """What is known of a file before its first row is written."""

    order: Order
    columns: Sequence[Column]
    rows: int
    recorded_until: str

    def manifest(self, name: str, size: int, sha256: str) -> Manifest:
        """The manifest of the file, once it is written."""
        order = self.order
        return Manifest(
            job=order.key(),
            file=name,
            format=order.format,
            bytes=size,
            sha256=sha256,
            title=title(order),
            rows=self.rows,
            columns=tuple(self.columns),
            question=order.question,
            movements=order.movements,
            at=period(order),
            as_known_at=self.recorded_until,
            position=order.position,
            ledger_version=LogPosition.parse(order.position).ledger_version,
            definitions_version=order.definitions,
            catalogue_version=order.catalogue,
            layout=order.layout,
            notes=(_notes(order),),
        )

    def lines(self) -> list[tuple[str, str]]:
        """The same for people, in Spanish, as a sheet of a workbook says it."""
        order = self.order
        asked: Any = order.question or order.movements
        return [
            ("Contenido", title(order).es),
            ("Fecha o periodo [desde, hasta)", period(order)),
            ("Conocido hasta", self.recorded_until),
            ("Posición en el registro", order.position),
            ("Definiciones", order.definitions),
            ("Catálogos", order.catalogue),
            ("Filas", str(self.rows)),
            ("Celdas suprimidas", "0"),
            ("Truncado", "no"),
            ("Nota", _notes(order).es),
            ("Pedido", asked.model_dump_json(exclude_none=True, exclude_defaults=True)),
            ("Trabajo", order.key()),
        ]


def file_name(order: Order) -> str:
    """What the file is called: what it holds and the days it is about."""
    what = order.question.measure.value if order.question else "movements"
    return f"{what}-{period(order).replace('/', '_')}.{order.format}"


def title(order: Order) -> Named:
    """What the file holds: the measure and by what it is broken down."""
    if order.question is None:
        return Named(es="Movimientos del libro mayor", en="Movements of the ledger")
    measure = MEASURES[order.question.measure].label
    by = [DIMENSIONS[name].label for name in order.question.dimensions]
    return Named(
        es=" × ".join([measure.es, *(label.es for label in by)]),
        en=" × ".join([measure.en, *(label.en for label in by)]),
    )


def period(order: Order) -> str:
    """The day, or the half-open period of days, as ISO 8601 writes them."""
    asked: Question | Movements | None = order.question or order.movements
    assert asked is not None
    if isinstance(asked, Question) and asked.at is not None:
        return asked.at.isoformat()
    assert asked.from_day is not None
    assert asked.to_day is not None
    return f"{asked.from_day.isoformat()}/{asked.to_day.isoformat()}"


def _notes(order: Order) -> Named:
    return _NO_HEALTH if order.question is None else _NOTHING_LEFT_OUT
