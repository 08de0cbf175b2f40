"""What a question is in SQL: a file of `queries/`, its typed parameters, and the columns of its result."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from functools import cache, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from shared.adapters.clickhouse.queries import statement
from shared.contracts.questions import MAX_DIMENSIONS, KnownAt, LogPosition, Question, Top
from shared.domain.dimensions import MISSING, Dimension
from shared.domain.measures import MEASURES, PLACES, Measure, Universe
from shared.domain.periods import ONE_DAY, pieces
from shared.reference.catalogue import Catalogue, load

LIMA = ZoneInfo("America/Lima")
_INCLUDE = re.compile(r"^-- @include (\w+)$", re.MULTILINE)
_BLOCK = re.compile(r"^-- @when (\w+)\n(.*?)^-- @end\n", re.MULTILINE | re.DOTALL)
_LINE = re.compile(r"^(.+\S) *-- @when (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^\s*--(?! @rows| @no_values).*\n", re.MULTILINE)
_PARAMETER = re.compile(r"\{(\w+):")
_LAST_MILLISECOND = time(23, 59, 59, 999_000)
_KEY_NAMES = tuple(f"k{number}" for number in range(1, MAX_DIMENSIONS + 1))
_ROWS = "-- @rows"
_NO_VALUES = "-- @no_values"

Parameters = dict[str, object]


@dataclass(frozen=True, slots=True)
class Statement:
    """A query with its typed parameters, as it can be sent."""

    sql: str
    parameters: Parameters


@cache
def compose(name: str) -> str:
    """The text of `<name>.sql` with the parts it includes (`-- @include part`)."""
    return _INCLUDE.sub(lambda found: compose(f"parts/{found[1]}"), statement(name))


@lru_cache(maxsize=1_000)
def cut(name: str, flags: frozenset[str]) -> str:
    """A composed text without the lines and blocks (`-- @when flag`, up to `-- @end`) of what is not asked.

    Left in they would be right as well, but the engine needs 40 ms to understand the whole and 5 for a usual question.
    """
    text = _BLOCK.sub(lambda found: found[2] if found[1] in flags else "", compose(name))
    text = _LINE.sub(lambda found: found[1] if found[2] in flags else "", text)
    return _COMMENT.sub("", text)


class Base(NamedTuple):
    """The checkpoints that stocks rest on: their table, what of it, their months, how far the log was before the last.

    All closes from its eve on rest on the last, `base`; each close before it on one of its own.
    """

    checkpoints: str
    held: str
    months: list[date]
    base: date
    base_next: list[int]


Standings = Mapping[Dimension, Mapping[str, str]]
"""How establishments stood on a day, as recorded before a checkpoint: what each lies in, by each of STOOD_IN."""
STOOD_IN = (Dimension.REGIONAL_OFFICE, Dimension.DEPARTMENT, Dimension.PROVINCE, Dimension.DISTRICT)
"""In the order of `places.sql`."""


def rows_of(
    question: Question, journal: str, base: Base | None = None, standings: Standings | None = None
) -> Statement:
    """The query whose result is k1 to k4, piece, level (1: a total), then the values, for this question.

    Cells that add up to their totals come without them. With standings it ends with an error of its own (`throwIf`)
    where an establishment was told of since, and says the establishment wherever something that it lies in is asked.
    """
    words = flags(question) | _rests(question, base)
    basis: Parameters = {"opens": periods(question)[0][0]}
    if base:
        basis = base._asdict() | {"opens": base.months[0], "late": f"{base.held}_late"}
    if standings:
        words = words - {"place"} | {"places_known"}
        if "reads_birth_month" not in words:
            words -= {"dated"}
    text = cut(_file(question), words)
    if question.top is not None:
        text = cut("top", _top_flags(question, question.top)).replace(_ROWS, text)
    return Statement(text, parameters(question, journal) | basis | _filters_by(standings or {}, question))


def _filters_by(standings: Standings, question: Question) -> Parameters:
    """The establishments that lay in what a filter names."""
    return {
        f"only_{each.dimension}": [code for code, within in standings[each.dimension].items() if within in each.codes]
        for each in question.filters
        if each.dimension in standings
    }


_ON_A_DAY = frozenset({"at_once", "place"})


def takes_standings(question: Question) -> bool:
    """Whether standings may stand in for the places of the ledger: at one close, of all whom the ledger counts there.

    The greatest are among rows that are put together already. Filters by the ledger's own columns would leave out the
    establishments that were told of since; one by what is not known wants those of which nothing was told.
    """
    raw = any(each.dimension in _FILTERED_RAW for each in question.filters)
    unknown = any(each.dimension in STOOD_IN and MISSING in each.codes for each in question.filters)
    return (
        not (raw or unknown or question.top)
        and MEASURES[question.measure].kind in {"stock", "crowding"}
        and flags(question) >= _ON_A_DAY
    )


def standings_before(base: date, day: date, journal: str) -> Statement:
    """The query for `Standings` at the close of a day, as recorded before a checkpoint."""
    return Statement(
        cut("places", frozenset({"before_checkpoint"})), {"journal": journal, "last_day": day, "base": base}
    )


def _rests(question: Question, base: Base | None) -> set[str]:
    """The words for what rests on checkpoints: on sums or on a roll; all on one, or each close on its own."""
    if base is None:
        return {"one_base"}
    kind = "from_sums" if projection(question) else "from_roll"
    return {"from_checkpoint", kind, "own_checkpoints" if len(base.months) > 1 else "one_base"}


def stocks(question: Question) -> list[date]:
    """The days at whose close this question needs a stock."""
    kind = MEASURES[question.measure].kind
    if kind == "balance":
        return [periods(question)[0][0] - ONE_DAY]
    return closes(question) if kind in {"stock", "crowding"} else []


def changes_of(question: Question, since: LogPosition, journal: str) -> Statement:
    """The query that tells what changed this figure between a position and the one that the question is asked at."""
    kind = MEASURES[question.measure].kind
    by_fact = cut(f"{kind}_changes", flags(question) | {"changes"} | _rests(question, None))
    text = statement("changes").replace(_ROWS, by_fact)
    return Statement(text, parameters(question, journal) | {"since_next": list(since.next_offsets)})


def establishments(day: date, at: KnownAt | None, journal: str, base: Base | None) -> Statement:
    """The query for how each establishment stood at the close of a day, who was in it and how many places it had."""
    text = cut("establishments", known_flags(at) | ({"from_checkpoint"} if base else set()))
    said: Parameters = {"journal": journal, "last_day": day} | known(at) | (base._asdict() if base else {})
    return Statement(text, {name: said[name] for name in _named_in(text)})


def around(name: str, rows: Statement, question: Question, **more: object) -> Statement:
    """A query over the rows of another (`-- @rows`), with the parameters that the whole needs and no more.

    Rows of its own have nothing (`-- @no_values`) for each value of those.
    """
    begins = {"from_checkpoint"} if "base" in rows.parameters else set()
    no_values = ", ".join(["NULL"] * MEASURES[question.measure].counted)
    text = cut(name, flags(question) | begins).replace(_NO_VALUES, no_values).replace(_ROWS, rows.sql)
    said = rows.parameters | more
    return Statement(text, {name: said[name] for name in _named_in(text)})


@lru_cache(maxsize=1_000)
def _named_in(text: str) -> frozenset[str]:
    """The parameters that a text names."""
    return frozenset(_PARAMETER.findall(text))


def _file(question: Question) -> str:
    spec = MEASURES[question.measure]
    return question.measure.value if question.measure is Measure.SUPERVISED_PERSONS else spec.kind


def closes(question: Question) -> list[date]:
    """The last day of each piece that the question asks about."""
    return [end - ONE_DAY for _, end in periods(question)]


def periods(question: Question) -> tuple[tuple[date, date], ...]:
    """The pieces [from, to) that the question asks about; a single day is one of them."""
    if question.from_day is None or question.to_day is None:
        assert question.at is not None
        return ((question.at, question.at + ONE_DAY),)
    return pieces(question.from_day, question.to_day, question.interval)


@lru_cache(maxsize=1_000)
def flags(question: Question) -> frozenset[str]:
    """What the question asks, in the words of `-- @when`."""
    filtered = {each.dimension for each in question.filters}
    kind = MEASURES[question.measure].kind
    derived = {*question.dimensions, *(filtered - _FILTERED_RAW)}
    reads = {column for dimension in derived for column in _READS.get(dimension, (dimension.value,))}
    if kind in {"transfer", "balance"} and (filtered | derived) & PLACES:
        reads |= {"establishment", "counterparty", "place"}
    if question.measure is Measure.SUPERVISED_PERSONS:
        reads |= {"person"}
    covered = projection(question)
    knows = known_flags(question.as_known_at)
    own_day = bool(reads & {"place", "birth_month"})
    return frozenset(
        {*derived, *(f"asks_{dimension}" for dimension in question.dimensions), *(f"only_{d}" for d in filtered)}
        | {"place" if column == "place" else f"reads_{column}" for column in reads}
        | {"own_day" if own_day else "any_day"}
        | _pieces(question)
        | ({"dated"} if own_day and "at_once" in _pieces(question) else set())
        | _keys_asked(question)
        | {_cells(question)}
        | ({kind} & {"crowding"})
        | ({"two_books"} if len({*_books(question)}) > 1 else set())
        | ({f"by_{covered}"} if covered and "days_decide" in knows else set())
        | knows
    )


def _keys_asked(question: Question) -> set[str]:
    """Which keys are dimensions, and which are not asked."""
    asked = len(question.dimensions)
    return {f"key_{n}" if n <= asked else f"no_key_{n}" for n in range(1, MAX_DIMENSIONS + 1)}


def _cells(question: Question) -> str:
    """The word for what is added up. Totals of sums follow from the cells; a person may be in several cells."""
    if not question.dimensions:
        return "total_alone"
    return "cells_of_persons" if question.measure is Measure.SUPERVISED_PERSONS else "cells"


def _pieces(question: Question) -> set[str]:
    """The words for how time is cut. Persons are summed up over all that is read, as a series is, also in one piece."""
    if question.interval:
        return {f"by_{question.interval}", "series"}
    return {"whole", *(("series", "one_piece") if question.measure is Measure.SUPERVISED_PERSONS else ("at_once",))}


def projection(question: Question) -> str | None:
    """The projection, and the sums of a checkpoint, that hold all columns asked; None if none does."""
    asked = {*question.dimensions, *(each.dimension for each in question.filters)}
    columns = {column for dimension in asked for column in _READS.get(dimension, (dimension.value,))} - {"place"}
    of_subjects = question.measure is Measure.SUPERVISED_PERSONS
    return next((name for name, held in _PROJECTIONS.items() if columns <= held and not of_subjects), None)


def parameters(question: Question, journal: str) -> Parameters:
    """Every parameter that a query about this question may name."""
    asked = periods(question)
    spec = MEASURES[question.measure]
    book, other_book = _books(question)
    return {
        "journal": journal,
        "book": book,
        "other_book": other_book,
        "causes": [*spec.plus, *spec.minus],
        "minus": list(spec.minus),
        "first_day": asked[0][0],
        "last_day": asked[-1][1] - ONE_DAY,
        "pieces": len(asked),
        "unit": question.interval or "day",
        **_keys(question),
        **{f"only_{each.dimension}": list(each.codes) for each in question.filters},
        **known(question.as_known_at),
        **_mappings(),
    }


def _books(question: Question) -> tuple[str, str]:
    book = MEASURES[question.measure].book
    if question.universe is Universe.EXTRAMURAL:
        return "supervision", "supervision"
    if question.universe is Universe.BOTH:
        return book, "supervision"
    return (book, "capacity") if MEASURES[question.measure].kind == "crowding" else (book, book)


def _keys(question: Question) -> Parameters:
    keys: Parameters = {f"d{number}": name.value for number, name in enumerate(question.dimensions, start=1)}
    if question.top is not None:
        keys |= {"top_key": _top_key(question, question.top), "top_n": question.top.n}
    return keys


def _top_key(question: Question, top: Top) -> str:
    return f"k{question.dimensions.index(top.dimension) + 1}"


def _top_flags(question: Question, top: Top) -> frozenset[str]:
    """The words of `top.sql`: which key is the members', and what they are compared by."""
    theirs = _top_key(question, top)
    keys = {f"{'top' if key == theirs else 'rest'}_{key}" for key in _KEY_NAMES}
    flows = MEASURES[question.measure].kind in {"flow", "transfer"}
    return frozenset(keys | {"top_of_flow" if flows else "top_of_stock"})


def known_flags(at: KnownAt | None) -> frozenset[str]:
    """The words of `parts/known.sql`. A moment that ends a Lima day is decided by days, which projections know."""
    if at is None:
        return frozenset({"known_so_far", "days_decide"})
    if at.time is None:
        return frozenset({"known_so_far", "known_by_position"})
    return frozenset({"known_by_day", "days_decide"} if _ends_day(at.time) else {"known_by_time"})


def _ends_day(moment: datetime) -> bool:
    """Whether nothing can be recorded between this moment and midnight: the ledger knows milliseconds."""
    return moment.astimezone(LIMA).time() >= _LAST_MILLISECOND


def known(at: KnownAt | None) -> Parameters:
    """The parameters of `parts/known.sql`."""
    if at is None:
        return {}
    if at.position is not None:
        return {"known_next": list(LogPosition.parse(at.position).next_offsets)}
    assert at.time is not None
    moment = at.time.astimezone(UTC)
    return {
        "known_day": moment.astimezone(LIMA).date(),
        "known_time": moment.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3],
    }


_D = Dimension
_READS: Mapping[Dimension, tuple[str, ...]] = {
    _D.REGIONAL_OFFICE: ("establishment", "place"),
    _D.DEPARTMENT: ("establishment", "place"),
    _D.PROVINCE: ("establishment", "place"),
    _D.DISTRICT: ("establishment", "place"),
    _D.RESIDENCE_DEPARTMENT: ("residence",),
    _D.RESIDENCE_PROVINCE: ("residence",),
    _D.RESIDENCE_DISTRICT: ("residence",),
    _D.PRINTED_STATUS: ("legal_status",),
    _D.AGE_BAND: ("birth_month",),
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
    _D.SUPERVISION_AGE_BAND: ("birth_month",),
}
"""The columns of the ledger that a dimension is derived from, where it is not the column of its own name."""
_PROJECTIONS: Mapping[str, set[str]] = {
    "core": {"establishment", "sex", "legal_status"},
    "offence": {"establishment", "offence", "attempt", "legal_status"},
}
"""What the projections of the journal, and checkpoints, hold beside book, cause and the time."""
_FILTERED_RAW = frozenset(Dimension) - _READS.keys() | {_D.RESIDENCE_DISTRICT, _D.CONDITION, _D.SUPERVISION_UNIT}
"""What `parts/raw_filters.sql` filters where the ledger is read."""


@cache
def _mappings() -> Parameters:
    """The parts of the catalogues that dimensions are mapped by."""
    catalogues = load()
    return {
        **_mapping("offence", catalogues["offence"], "generics"),
        **_mapping("liberty", catalogues["liberty_type"], "groups"),
        **_mapping("status", catalogues["legal_status"], "printed"),
    }


def _mapping(name: str, catalogue: Catalogue, target: str) -> Parameters:
    """The parent of each code that has one, as two lists."""
    pairs = [(code, entry.parent) for code, entry in catalogue.items() if entry.parent]
    return {f"{name}_codes": [code for code, _ in pairs], f"{name}_{target}": [parent for _, parent in pairs]}
