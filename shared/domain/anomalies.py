"""Contradictions between facts: what kinds there are, whom they concern, and how the ledger states them.

An anomaly is a line of the ledger like any other: stated by the fact that shows it, retracted by the fact that
resolves it. So it has a since, a when we learnt it and, once resolved, a fact that did it; and it can be asked as known
at any moment. Two kinds are no lines, and are found when they are asked for; of them the same can be said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.domain.dimensions import Label
from shared.domain.facts import Fact

BOOK = "anomaly"
CAUSE = "contradiction"
_CORRECTIONS = frozenset({"amendment", "void"})

KINDS: Mapping[str, Label] = {
    "absent_twice": Label("Salida temporal informada dos veces", "Absence told twice"),
    "absent_while_not_inside": Label("Salida temporal de quien no está dentro", "Absence of somebody not inside"),
    "arrival_where_already_is": Label("Llegada a donde ya está", "Arrival where the person already is"),
    "arrival_while_not_inside": Label("Llegada de quien no está dentro", "Arrival of somebody not inside"),
    "arrival_without_departure": Label("Llegada sin salida", "Arrival without departure"),
    "arrived_elsewhere": Label("Llegada a otro destino que el anunciado", "Arrival elsewhere than announced"),
    "changed_case_not_open": Label("Cambio de un proceso no abierto", "Change of a case that nobody opened"),
    "child_entered_twice": Label("Ingreso de menor informado dos veces", "Child entry told twice"),
    "child_exit_while_not_inside": Label("Salida de menor que no está dentro", "Exit of a child not inside"),
    "closed_case_not_open": Label("Cierre de un proceso no abierto", "End of a case that nobody opened"),
    "departed_twice": Label("Salida por traslado informada dos veces", "Departure told twice"),
    "departure_while_not_there": Label("Salida por traslado de quien no está", "Departure of somebody not there"),
    "entered_after_death": Label("Ingreso después del fallecimiento", "Entry after death"),
    "entered_twice": Label("Ingreso donde ya está", "Entry where the person already is"),
    "entered_while_elsewhere": Label("Ingreso estando en otro establecimiento", "Entry while inside elsewhere"),
    "exit_from_elsewhere": Label("Egreso informado por otro establecimiento", "Exit told by another establishment"),
    "exit_while_not_inside": Label("Egreso de quien no está dentro", "Exit of somebody not inside"),
    "returned_while_not_absent": Label("Retorno de quien no había salido", "Return of somebody not absent"),
    "supervision_not_open": Label("Cambio o fin de una supervisión no abierta", "Supervision that is not open"),
    "supervision_started_twice": Label("Supervisión iniciada dos veces", "Supervision started twice"),
    "target_is_a_correction": Label("Corrección de una corrección", "Correction of a correction"),
    "target_not_known": Label("Corrección de un hecho desconocido", "Correction of a fact not known (yet)"),
}

TRANSIT_DAYS_MAX = 3
"""No source that we found says how long a traslado may take: three days are our choice."""
TOLD_TOGETHER_MS = 3_600_000
"""A journal of weeks off-line tells both legs within the hour: if the arrival was in time, nobody was missing."""
DEPARTED_NOT_ARRIVED = "departed_not_arrived"
"""Shown by time that passes and by no fact, so no line of the ledger: found in its transits when it is asked for."""
LISTED: Mapping[str, Label] = {
    **KINDS,
    DEPARTED_NOT_ARRIVED: Label("Salida por traslado sin llegada", "Departure without arrival"),
}

SHARED_IDENTITY = "shared_identity"
"""Not of one person's facts, so no line of the ledger: found among all facts when it is asked for."""
LABELS: Mapping[str, Label] = {
    **LISTED,
    SHARED_IDENTITY: Label("La misma identidad de hecho en dos personas", "The same source and id under two persons"),
}


class Anomaly(NamedTuple):
    """A fact (`source`, `id`, at `at_ms`) that contradicts the others.

    It concerns the establishment that said it and, if there is one, the `other` that the person was at.
    """

    kind: str
    source: str
    id: str
    at_ms: int
    establishment: str
    other: str


def shown_by(kind: str, fact: Fact, other: str = "") -> Anomaly:
    """The anomaly that this fact shows."""
    speaker = str(fact.data.get("establishment", fact.source))
    return Anomaly(kind, fact.source, fact.id, fact.at_ms, speaker, "" if other == speaker else other)


def of_corrections(facts: Sequence[Fact]) -> list[Anomaly]:
    """The voids and amendments among these facts whose target is not there, or is a correction itself."""
    kinds = {(fact.source, fact.id): fact.kind for fact in facts}
    if not _CORRECTIONS & set(kinds.values()):
        return []
    found = []
    for fact in facts:
        if fact.kind in _CORRECTIONS:
            target = kinds.get((fact.data["target"]["source"], fact.data["target"]["id"]))
            if target is None:
                found.append(shown_by("target_not_known", fact))
            elif target in _CORRECTIONS:
                found.append(shown_by("target_is_a_correction", fact))
    return found
