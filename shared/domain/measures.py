"""What can be asked: every measure, declared once, with the dimensions by which it is known.

GraphQL, exports and documentation read these declarations; the SQL of `adapters/clickhouse/queries` fulfils them.
Formulas: INPE, Informe Estadístico (S = P - C, %S = S / C); *hacinamiento* is 5 (P - C) > C, compared unrounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, NamedTuple

from shared.domain.dimensions import Dimension, Label


class Measure(StrEnum):
    """The name of a measure."""

    POPULATION = "population"
    IN_TRANSIT = "in_transit"
    ABSENT = "absent"
    CHILDREN = "children"
    TUBERCULOSIS = "tuberculosis"
    SUPERVISIONS = "supervisions"
    SUPERVISED_PERSONS = "supervised_persons"
    ADMISSIONS = "admissions"
    RECAPTURES = "recaptures"
    RELEASES = "releases"
    DEATHS = "deaths"
    ESCAPES = "escapes"
    EXITS = "exits"
    NET_FLOW = "net_flow"
    TRANSFERS_IN = "transfers_in"
    TRANSFERS_OUT = "transfers_out"
    NET_TRANSFERS = "net_transfers"
    CAPACITY = "capacity"
    CROWDING = "crowding"
    BALANCE = "balance"


class Universe(StrEnum):
    """Who is asked about: people in establishments, people supervised in liberty (medio libre), or both."""

    INTRAMURAL = "intramural"
    EXTRAMURAL = "extramural"
    BOTH = "both"


class Interval(StrEnum):
    """How a period is cut. Weeks are not used: months are not made of them."""

    DAY = "day"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


_D = Dimension
PLACES = frozenset({_D.ESTABLISHMENT, _D.REGIONAL_OFFICE, _D.DEPARTMENT, _D.PROVINCE, _D.DISTRICT})
"""Levels of the territory of prisons; capacity is known by these alone."""
_OF_RELEASE = frozenset({_D.LIBERTY_TYPE, _D.LIBERTY_GROUP})
_OF_SUPERVISION = frozenset(
    {
        _D.SUPERVISION_UNIT,
        _D.SUPERVISION_SERVICE,
        _D.SUPERVISION_STATE,
        _D.SUPERVISION_AGE_BAND,
        _D.SUPERVISION_WRONG,
    }
)
_PERSONAL = frozenset(Dimension) - PLACES - _OF_RELEASE - _OF_SUPERVISION - {_D.MOTIVE, _D.CONDITION}
_IN_CUSTODY = PLACES | _PERSONAL
_WHILE_SUPERVISED = _OF_SUPERVISION | (_PERSONAL - {_D.AGE_BAND})

ColumnType = Literal["code", "day", "integer", "decimal", "flag"]
Kind = Literal["stock", "flow", "transfer", "crowding", "balance"]


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One number of an answer. A ratio says which numbers of the same answer it divides."""

    key: str
    label: Label
    type: ColumnType = "integer"
    unit: str = "persons"
    numerator: str = ""
    denominator: str = ""


@dataclass(frozen=True, slots=True)
class MeasureSpec:
    """One measure: what it counts, how, and by which dimensions it can be asked.

    A stock is asked at the close of a day, a flow over a half-open period. `plus` and `minus` are the causes of the
    ledger that a flow adds and takes away.
    """

    label: Label
    definition: str
    kind: Kind
    dimensions: frozenset[Dimension]
    values: tuple[ValueColumn, ...]
    book: str = "custody"
    plus: tuple[str, ...] = ()
    minus: tuple[str, ...] = ()

    @property
    def counted(self) -> int:
        """How many of its values are counted; those after them follow from them, as `crowding` has it."""
        return len(self.values) - (len(Crowding._fields) if self.kind == "crowding" else 0)


def _value(key: str, es: str, en: str, kind: ColumnType = "integer", unit: str = "persons") -> ValueColumn:
    return ValueColumn(key, Label(es, en), kind, unit)


def _over_capacity(key: str, es: str, en: str, numerator: str) -> ValueColumn:
    return ValueColumn(key, Label(es, en), "decimal", "ratio", numerator, "capacity")


def _stock(book: str, column: ValueColumn, dimensions: frozenset[Dimension], definition: str) -> MeasureSpec:
    return MeasureSpec(column.label, definition, "stock", dimensions, (column,), book)


def _flow(
    column: ValueColumn,
    definition: str,
    plus: tuple[str, ...],
    minus: tuple[str, ...] = (),
    kind: Kind = "flow",
    more: frozenset[Dimension] = frozenset(),
) -> MeasureSpec:
    return MeasureSpec(column.label, definition, kind, _IN_CUSTODY | more, (column,), plus=plus, minus=minus)


_POPULATION = _value("population", "Población penal", "Prison population")
_CAPACITY = _value("capacity", "Capacidad de albergue", "Capacity", unit="places")


_M = Measure
_MOTIVE = frozenset({_D.MOTIVE})

MEASURES: Mapping[Measure, MeasureSpec] = MappingProxyType(
    {
        _M.POPULATION: _stock(
            "custody",
            _POPULATION,
            _IN_CUSTODY,
            "People on the roll of an establishment at the close of the day, in transit and absent ones included.",
        ),
        _M.IN_TRANSIT: _stock(
            "transit",
            _value("in_transit", "En traslado", "In transit"),
            _IN_CUSTODY,
            "Of the population: departed from an establishment, not yet arrived; they count at the origin.",
        ),
        _M.ABSENT: _stock(
            "absence",
            _value("absent", "En conducción", "Absent"),
            _IN_CUSTODY,
            "Of the population: away at a court or a hospital.",
        ),
        _M.CHILDREN: _stock(
            "child",
            _value("children", "Niños con su madre", "Children with their mothers", unit="children"),
            PLACES | {_D.SEX},
            "Children under three who live with their mothers; they are not part of the population.",
        ),
        _M.TUBERCULOSIS: _stock(
            "health",
            _value("tuberculosis", "Internos con tuberculosis", "People with tuberculosis"),
            _IN_CUSTODY | {_D.CONDITION},
            "Of the population: diagnosed and not cured.",
        ),
        _M.SUPERVISIONS: _stock(
            "supervision",
            _value("supervisions", "Casos de medio libre", "Open supervisions", unit="supervisions"),
            _WHILE_SUPERVISED,
            "Supervisions in liberty that are open; a person may have several.",
        ),
        _M.SUPERVISED_PERSONS: MeasureSpec(
            Label("Personas en medio libre", "People supervised in liberty"),
            "Distinct people with at least one open supervision, and how many of them are in custody too.",
            "stock",
            _WHILE_SUPERVISED,
            (
                _value("supervised_persons", "Personas en medio libre", "People supervised in liberty"),
                _value("also_in_custody", "También en un penal", "Also in custody"),
            ),
            "supervision",
        ),
        _M.ADMISSIONS: _flow(
            _value("admissions", "Ingresos", "Admissions"),
            "Entries from liberty. Openings of a roll, transfers and recaptures are not admissions.",
            ("admission",),
            more=_MOTIVE,
        ),
        _M.RECAPTURES: _flow(
            _value("recaptures", "Recapturas", "Recaptures"),
            "Entries of people who had escaped.",
            ("recapture",),
            more=_MOTIVE,
        ),
        _M.RELEASES: _flow(
            _value("releases", "Egresos por libertad", "Releases"),
            "Exits to liberty. Deaths, escapes and transfers are not releases.",
            ("release",),
            more=_MOTIVE | _OF_RELEASE,
        ),
        _M.DEATHS: _flow(_value("deaths", "Fallecimientos", "Deaths"), "Deaths in custody.", ("death",), more=_MOTIVE),
        _M.ESCAPES: _flow(_value("escapes", "Fugas", "Escapes"), "Escapes.", ("escape",), more=_MOTIVE),
        _M.EXITS: _flow(
            _value("exits", "Salidas", "Exits"),
            "Releases, deaths and escapes.",
            ("release", "death", "escape"),
            more=_MOTIVE | _OF_RELEASE,
        ),
        _M.NET_FLOW: _flow(
            _value("net_flow", "Flujo neto", "Net flow"),
            "Admissions and recaptures less releases, deaths and escapes.",
            ("admission", "recapture"),
            ("release", "death", "escape"),
        ),
        _M.TRANSFERS_IN: _flow(
            _value("transfers_in", "Traslados recibidos", "Transfers in"),
            "Arrivals from another establishment; at a territorial level only if the two ends differ there.",
            ("transfer_in",),
            kind="transfer",
            more=_MOTIVE,
        ),
        _M.TRANSFERS_OUT: _flow(
            _value("transfers_out", "Traslados enviados", "Transfers out"),
            "Removals to another establishment; at a territorial level only if the two ends differ there.",
            ("transfer_out",),
            kind="transfer",
            more=_MOTIVE,
        ),
        _M.NET_TRANSFERS: _flow(
            _value("net_transfers", "Traslados netos", "Net transfers"),
            "Transfers in less transfers out; nothing for the nation.",
            ("transfer_in",),
            ("transfer_out",),
            kind="transfer",
        ),
        _M.CAPACITY: _stock("capacity", _CAPACITY, PLACES, "Places (capacidad de albergue) in force on the day."),
        _M.CROWDING: MeasureSpec(
            Label("Ocupación y hacinamiento", "Occupancy and overcrowding"),
            "Population P and capacity C in force on the day; excess P - C, occupancy P / C, overcrowding (P - C) / C, "
            "and hacinamiento where 5 (P - C) > C, compared unrounded; nothing where C is unknown or 0.",
            "crowding",
            PLACES,
            (
                _POPULATION,
                _CAPACITY,
                _value("excess", "Sobrepoblación", "Excess over capacity"),
                _over_capacity("occupancy", "% de ocupación", "Occupancy", "population"),
                _over_capacity("overcrowding", "% de sobrepoblación", "Overcrowding", "excess"),
                _value("critical", "Hacinamiento", "Critical overcrowding", "flag", ""),
            ),
        ),
        _M.BALANCE: MeasureSpec(
            Label("Balance de la población", "Balance of the population"),
            "Closing = opening + roll openings + admissions + recaptures - releases - deaths - escapes + transfers in "
            "- transfers out + reclassification + correction + ageing + remapping, for every cell.",
            "balance",
            _IN_CUSTODY,
            (
                _value("opening", "Población inicial", "Opening population"),
                _value("roll_openings", "Aperturas de registro", "Roll openings"),
                _value("admissions", "Ingresos", "Admissions"),
                _value("recaptures", "Recapturas", "Recaptures"),
                _value("releases", "Egresos por libertad", "Releases"),
                _value("deaths", "Fallecimientos", "Deaths"),
                _value("escapes", "Fugas", "Escapes"),
                _value("transfers_in", "Traslados recibidos", "Transfers in"),
                _value("transfers_out", "Traslados enviados", "Transfers out"),
                _value("reclassification", "Reclasificación", "Reclassification"),
                _value("correction", "Corrección", "Correction"),
                _value("ageing", "Cambio de edad", "Ageing"),
                _value("remapping", "Cambio de jurisdicción", "Remapping"),
                _value("closing", "Población final", "Closing population"),
            ),
        ),
    }
)


class Crowding(NamedTuple):
    """What follows from a population and the places for it."""

    excess: int | None
    occupancy: float | None
    overcrowding: float | None
    critical: bool | None


def crowding(population: int, capacity: int | None) -> Crowding:
    """Nothing follows where the capacity is unknown or 0."""
    if not capacity:
        return Crowding(None, None, None, None)
    excess = population - capacity
    return Crowding(excess, population / capacity, excess / capacity, 5 * excess > capacity)
