"""What always holds in a ledger, as laws that can be checked while it grows. Each counts what breaks it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from shared.domain.dimensions import Label

LAWS: Mapping[str, Label] = {
    "no_negative_cell": Label(
        "Ninguna celda de población es negativa al cierre de ningún día",
        "No cell of a stock is negative at the close of any day",
    ),
    "movements_are_the_change": Label(
        "Cada movimiento cambia la población exactamente en uno",
        "Every movement changes the stock by exactly what it counts, in every establishment",
    ),
    "reclassification_is_nil": Label(
        "Las reclasificaciones no cambian la población de un establecimiento",
        "Reclassification leaves the stock of every establishment as it was",
    ),
    "transfers_meet": Label(
        "Lo que sale por traslado de A hacia B llega a B desde A",
        "What leaves A for B by transfer arrives at B from A",
    ),
    "persons_are_inside_once": Label(
        "Ninguna persona está dos veces, ni menos que ninguna, en ningún instante (una muestra que rota)",
        "No person is inside twice, or less than not at all, at any instant (of a sample that rotates)",
    ),
    "no_part_is_missing": Label(
        "Cada registro del log tiene su fila: no falta ninguna parte",
        "Every record of the log that was consumed has its row: no part is missing",
    ),
    "persons_are_as_folded": Label(
        "Los asientos de cada persona son los que hacen sus hechos, contados de nuevo (una muestra que rota)",
        "The entries of every person are what the facts make that are recorded of it (of a sample that rotates)",
    ),
}

SAMPLES = 64
"""Persons are looked at in so many samples, one at a time."""


class Verdict(NamedTuple):
    """How often a law is broken, and where, for one case of it (empty if it holds)."""

    law: str
    broken: int
    example: str
