"""What a question is in SQL: a file of `queries/`, its typed parameters, and the columns of its result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from shared.adapters.clickhouse.queries import statement
from shared.contracts.questions import MAX_DIMENSIONS, KnownAt, LogPosition, Question
from shared.contracts.topics import PARTITIONS
from shared.domain.dimensions import Dimension
from shared.domain.measures import MEASURES, PLACES, Measure, Universe
from shared.domain.periods import ONE_DAY, pieces
from shared.reference.catalogue import Catalogue, load

LIMA = ZoneInfo("America/Lima")
_NAMED_PART = re.compile(r"^-- @(include (?P<part>\w+)|rows)$", re.MULTILINE)
_MILLISECOND = timedelta(milliseconds=1)

Parameters = dict[str, object]


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its typed parameters, as it can be sent."""

    sql: str
    parameters: Parameters


@cache
def compose(name: str, rows: str = "") -> str:
    """The text of `<name>.sql`, with the parts it includes, and the query `rows` where it reads the rows of another."""

    def part(found: re.Match[str]) -> str:
        return compose(f"parts/{found['part']}") if found["part"] else rows

    return _NAMED_PART.sub(part, statement(name))


def rows_of(question: Question, journal: str) -> Statement:
    """The query whose result is k1 to k4, piece, level (1: a total), then the values, for this question."""
    query = compose(_file(question))
    parameters = _parameters(question) | {"journal": journal}
    if question.top is not None:
        query = compose("top", query)
        parameters |= _of_top(question)
    return Statement(query, parameters)


def _file(question: Question) -> str:
    spec = MEASURES[question.measure]
    return question.measure.value if question.measure is Measure.SUPERVISED_PERSONS else spec.kind


def closes(question: Question) -> list[date]:
    """The last day of each piece that the question asks about."""
    return [end - ONE_DAY for _, end in periods(question)]


def periods(question: Question) -> list[tuple[date, date]]:
    """The pieces [from, to) that the question asks about; a single day is one of them."""
    if question.from_day is None or question.to_day is None:
        assert question.at is not None
        return [(question.at, question.at + ONE_DAY)]
    return pieces(question.from_day, question.to_day, question.interval)


def _parameters(question: Question) -> Parameters:
    asked = periods(question)
    spec = MEASURES[question.measure]
    book, other_book = _books(question)
    return {
        "book": book,
        "other_book": other_book,
        "causes": [*spec.plus, *spec.minus],
        "minus": list(spec.minus),
        "ratio": question.measure.value,
        "first_day": asked[0][0],
        "last_day": asked[-1][1] - ONE_DAY,
        "closes": closes(question),
        "pieces": len(asked),
        "interval": question.interval or "",
        "unit": question.interval or "day",
        **_keys(question),
        **_filters(question),
        **known(question.as_known_at),
        **_needs(question),
    }


def _books(question: Question) -> tuple[str, str]:
    book = MEASURES[question.measure].book
    if question.universe is Universe.EXTRAMURAL:
        return "supervision", "supervision"
    if question.universe is Universe.BOTH:
        return book, "supervision"
    return (book, "capacity") if MEASURES[question.measure].kind == "ratio" else (book, book)


def _keys(question: Question) -> Parameters:
    names = [name.value for name in question.dimensions] + ["nothing"] * MAX_DIMENSIONS
    return {f"d{number}": names[number - 1] for number in range(1, MAX_DIMENSIONS + 1)} | {
        f"by_{place}": place in question.dimensions for place in PLACES
    }


def _filters(question: Question) -> Parameters:
    given = {each.dimension: list(each.codes) for each in question.filters}
    return {f"f_{dimension}": given.get(dimension, []) for dimension in Dimension}


def _of_top(question: Question) -> Parameters:
    assert question.top is not None
    flows = MEASURES[question.measure].kind in {"flow", "transfer"}
    return {
        "top_key": question.dimensions.index(question.top.dimension) + 1,
        "top_n": question.top.n,
        "top_over_all": flows,
    }


def known(at: KnownAt | None) -> Parameters:
    """What `parts/known.sql` asks for. A moment that ends a Lima day is decided by days, which projections know."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) if at is None or at.time is None else at.time.astimezone(UTC)
    by_position = at is not None and at.position is not None
    ends_day = (moment + _MILLISECOND).astimezone(LIMA).time() == time.min
    by_time = at is not None and at.time is not None
    offsets = LogPosition.parse(at.position).next_offsets if at and at.position else (0,) * PARTITIONS
    return {
        "known_any_day": not (by_time and ends_day),
        "known_day": moment.astimezone(LIMA).date(),
        "known_any_time": not by_time or ends_day,
        "known_time": moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
        "known_any_position": not by_position,
        "known_next": list(offsets),
    }


_COLUMNS = (
    *("establishment", "counterparty", "legal_status", "sex", "birth_month", "nationality", "offence", "attempt"),
    *("schooling", "civil_status", "occupation", "admissions", "recidivism", "sentence_months", "residence"),
    *("residence_nucleus", "liberty_type", "motive", "detail"),
)
_D = Dimension
_NEEDS: Mapping[Dimension, tuple[str, ...]] = {
    _D.REGIONAL_OFFICE: ("establishment", "place"),
    _D.DEPARTMENT: ("establishment", "place"),
    _D.PROVINCE: ("establishment", "place"),
    _D.DISTRICT: ("establishment", "place"),
    _D.RESIDENCE_DEPARTMENT: ("residence",),
    _D.RESIDENCE_PROVINCE: ("residence",),
    _D.RESIDENCE_DISTRICT: ("residence",),
    _D.PRINTED_STATUS: ("legal_status",),
    _D.AGE_BAND: ("birth_month", "day"),
    _D.NATIONALITY_GROUP: ("nationality",),
    _D.OFFENCE: ("offence", "attempt"),
    _D.OFFENCE_GENERIC: ("offence",),
    _D.ATTEMPT: ("offence", "attempt"),
    _D.ADMISSION_NUMBER: ("admissions",),
    _D.SENTENCE_BAND: ("sentence_months",),
    _D.LIBERTY_GROUP: ("liberty_type",),
    _D.CONDITION: ("detail",),
    _D.SUPERVISION_UNIT: ("establishment",),
    _D.SUPERVISION_SERVICE: ("detail",),
    _D.SUPERVISION_STATE: ("detail",),
    _D.SUPERVISION_WRONG: ("detail",),
    _D.SUPERVISION_AGE_BAND: ("birth_month", "day"),
}
"""The columns of the ledger that a dimension is derived from, where it is not the column of its own name."""
_FILTERED_RAW = frozenset(Dimension) - _NEEDS.keys() | {_D.RESIDENCE_DISTRICT, _D.CONDITION, _D.SUPERVISION_UNIT}
"""What `parts/raw_filters.sql` filters where the ledger is read."""


def _needs(question: Question) -> Parameters:
    """Which columns the query reads, and the parts of the catalogues it maps by."""
    asked = {*question.dimensions, *(each.dimension for each in question.filters)}
    derived = {*question.dimensions, *(asked - _FILTERED_RAW)}
    needed = {column for dimension in derived for column in _NEEDS.get(dimension, (dimension.value,))}
    kind = MEASURES[question.measure].kind
    if kind in {"transfer", "balance"} and asked & PLACES:
        needed |= {"establishment", "counterparty", "place", "day"}
    if needed & {"place"}:
        needed |= {"day"}
    catalogues = load()
    return {
        **{f"u_{column}": column in needed for column in (*_COLUMNS, "place", "day")},
        **_mapping("offence", catalogues["offence"], "generics", used=_D.OFFENCE_GENERIC in asked),
        **_mapping("liberty", catalogues["liberty_type"], "groups", used=_D.LIBERTY_GROUP in asked),
        **_mapping("status", catalogues["legal_status"], "printed", used=_D.PRINTED_STATUS in asked),
    }


def _mapping(name: str, catalogue: Catalogue, target: str, *, used: bool) -> Parameters:
    """The parent of each code that has one, as two lists; one pair that changes nothing if it is not used."""
    pairs = [(code, entry.parent) for code, entry in catalogue.items() if entry.parent] if used else [("", "")]
    return {f"{name}_codes": [code for code, _ in pairs], f"{name}_{target}": [parent for _, parent in pairs]}
