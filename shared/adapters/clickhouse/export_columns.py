"""The columns of files: what stands in them, under which name, and the SQL expression of it.

A code stands beside its Spanish name, each in a column of its own; codes are those of the catalogues and of GraphQL.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from shared.contracts.export_jobs import Column
from shared.contracts.questions import Question
from shared.domain.dimensions import DIMENSIONS, MISSING, REST, Dimension, Label
from shared.domain.measures import MEASURES
from shared.reference.members import label, members

_D = Dimension


class Field(NamedTuple):
    """A column, and the expression of its value over the query that it is taken from; `names` of codes, if shown."""

    column: Column
    sql: str
    names: Mapping[str, str] | None = None


def of_question(question: Question) -> list[Field]:
    """What the table of a question holds: codes and names of the dimensions, the piece of a period, the values.

    The expressions are over `piece` and the values as a tuple, after the codes if dimensions are asked.
    """
    spec = MEASURES[question.measure]
    codes = len(question.dimensions) and 4
    fields = [
        field for n, name in enumerate(question.dimensions, start=1) for field in _coded(name, f"cells.{n}", name)
    ]
    if question.at is None:
        flows = spec.kind in {"flow", "transfer"}
        key, es, en = ("from", "Desde", "From") if flows else ("day", "Al cierre de", "At the close of")
        fields.append(Field(Column(key=key, es=es, en=en, type="day"), f"cells.{codes + 1}"))
    for n, value in enumerate(spec.values, start=codes + 2):
        named = Column(key=value.key, es=value.label.es, en=value.label.en, type=value.type, unit=value.unit)
        sql = f"cells.{n}"
        if value.key in _FOLLOWS:
            sql = _FOLLOWS[value.key].format(population=f"cells.{codes + 2}", capacity=f"cells.{codes + 3}")
        if spec.kind == "stock":
            sql = f"(cells.{n} + throwIf(cells.{n} < 0, 'a cell is negative: the ledger needs make verify'))"
        fields.append(Field(named, sql))
    return fields


def of_movements() -> list[Field]:
    """What an entry of the ledger says, but for whom it is about."""
    return [
        _plain("effective_at", "moment", "Fecha del hecho", "Effective at", "toTimeZone(effective_at, 'America/Lima')"),
        _plain("recorded_at", "moment", "Fecha de registro", "Recorded at", "toTimeZone(recorded_at, 'America/Lima')"),
        *_listed("book", Label("Libro", "Book"), _BOOKS),
        *_listed("cause", Label("Causa", "Cause"), _CAUSES),
        *_coded("establishment", "establishment", _D.ESTABLISHMENT, _D.SUPERVISION_UNIT),
        *_coded("counterparty", "counterparty", _D.ESTABLISHMENT, title=Label("Contraparte", "Counterparty")),
        _plain("stock_delta", "integer", "Variación de la población", "Change of the stock"),
        _plain("flow_delta", "integer", "Variación del flujo", "Change of the flow"),
        *(field for name in _BEFORE_BIRTH for field in _coded(name, name, name)),
        _plain("birth_month", "text", "Mes de nacimiento", "Month of birth", _BIRTH_MONTH),
        *_coded("nationality", "nationality", _D.NATIONALITY),
        *_coded("offence", "offence", _D.OFFENCE),
        _plain("attempt", "flag", "Tentativa", "Attempted"),
        *(field for name in _AFTER_OFFENCE for field in _coded(name, name, name)),
        _plain("admissions", "integer", "Número de ingresos", "Number of admissions", "nullIf(admissions, 0)"),
        *_coded("recidivism", "recidivism", _D.RECIDIVISM),
        _plain("sentence_months", "integer", "Meses de pena", "Months of sentence", _SENTENCE_MONTHS),
        _plain("life_sentence", "flag", "Cadena perpetua", "Life sentence", "sentence_months = 65535"),
        *_coded("residence", "residence", _D.RESIDENCE_DISTRICT),
        _plain("residence_nucleus", "text", "Núcleo urbano de procedencia", "Urban nucleus of residence"),
        *_coded("liberty_type", "liberty_type", _D.LIBERTY_TYPE),
        *_coded("motive", "motive", _D.MOTIVE),
        _plain("detail", "text", "Detalle", "Detail"),
        _plain("partition", "integer", "Partición del registro", "Partition of the log"),
        _plain("offset", "integer", "Lugar en la partición", "Offset in the partition"),
        _plain("line", "integer", "Línea", "Line"),
    ]


PERSONAL_BOOKS = ("custody", "transit", "absence", "child", "supervision")
"""Books of entries about people. `health` is sensitive and left out; the others are about establishments."""
_BOOKS = {
    "custody": "población penal",
    "transit": "en traslado",
    "absence": "en conducción",
    "child": "niños con su madre",
    "supervision": "medio libre",
}
_CAUSES = {
    "opening": "apertura de registro",
    "admission": "ingreso",
    "recapture": "recaptura",
    "release": "egreso por libertad",
    "death": "fallecimiento",
    "escape": "fuga",
    "transfer_in": "traslado recibido",
    "transfer_out": "traslado enviado",
    "reclassification": "reclasificación",
    "correction": "corrección",
    "start": "inicio",
    "end": "fin",
}
_BEFORE_BIRTH = (_D.LEGAL_STATUS, _D.SEX)
_AFTER_OFFENCE = (_D.SCHOOLING, _D.CIVIL_STATUS, _D.OCCUPATION)
# months since January of the year 0; months of sentence + 1, 0 for none: see the journal's migration
_BIRTH_MONTH = (
    "if(birth_month = 0, '', concat(toString(intDiv(birth_month, 12)), '-', "
    "leftPad(toString(birth_month % 12 + 1), 2, '0')))"
)
_FOLLOWS = {
    "excess": "if({capacity} = 0, NULL, {population} - {capacity})",
    "occupancy": "if({capacity} = 0, NULL, {population} / {capacity})",
    "overcrowding": "if({capacity} = 0, NULL, ({population} - {capacity}) / {capacity})",
    "critical": "CAST(if({capacity} = 0, NULL, 5 * ({population} - {capacity}) > {capacity}), 'Nullable(Bool)')",
}
"""`shared.domain.measures.crowding` for files, whose rows the engine writes."""
_SENTENCE_MONTHS = "if(sentence_months IN (0, 65535), NULL, sentence_months - 1)"


def _plain(key: str, kind: str, es: str, en: str, sql: str = "") -> Field:
    return Field(Column(key=key, es=es, en=en, type=kind), sql or f"`{key}`")


def _coded(key: str, sql: str, *dimensions: Dimension, title: Label | None = None) -> Iterator[Field]:
    named = title or DIMENSIONS[dimensions[0]].label
    names = {code: label(name, code).es for name in dimensions for code in (*members(name), MISSING, REST)}
    return _both(key, sql, named, names)


def _listed(key: str, title: Label, names: Mapping[str, str]) -> Iterator[Field]:
    return _both(key, key, title, names)


def _both(key: str, sql: str, title: Label, names: Mapping[str, str]) -> Iterator[Field]:
    yield Field(Column(key=key, es=f"{title.es} (código)", en=f"{title.en} (code)", type="text"), sql)
    yield Field(Column(key=f"{key}_name", es=title.es, en=title.en, type="text"), sql, names)
