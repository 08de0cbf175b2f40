"""Figures counted one row at a time: slow, and without a thought in common with the SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import Any

from shared.adapters.clickhouse.statements import closes, periods
from shared.contracts.questions import KnownAt, LogPosition, Question
from shared.domain import dimensions
from shared.domain.measures import MEASURES
from shared.reference.catalogue import load
from tests.support.small_ledger import Row

D = dimensions.Dimension
Filters = dict[D, tuple[str, ...]]


class SlowCount:
    """Counts over the rows that were known."""

    def __init__(self, rows: Iterable[Row], known: Callable[[Row], bool] = lambda _: True) -> None:
        self.rows = [row for row in rows if known(row)]
        self.of_sites = [row for row in self.rows if row.entry.book == "establishment"]

    def cells(self, question: Question) -> dict[tuple[Any, ...], int]:
        """The cells that answer a question of one value."""
        spec = MEASURES[question.measure]
        filters = {each.dimension: each.codes for each in question.filters}
        if question.at is not None:
            return self.stock(spec.book, question.dimensions, filters, question.at)
        found: dict[tuple[Any, ...], int] = {}
        for (start, end), close in zip(periods(question), closes(question), strict=True):
            if spec.kind == "stock":
                part, piece = self.stock(spec.book, question.dimensions, filters, close), close
            else:
                part, piece = self.flow(question.measure, question.dimensions, filters, start, end), start
            found |= {(*cell, piece.isoformat()): n for cell, n in part.items()}
        return found

    def cut(self, question: Question) -> dict[tuple[Any, ...], int]:
        """The cells of a question that is cut to the greatest members: all others are one."""
        cells = self.cells(question)
        assert question.top
        key, in_pieces = question.dimensions.index(question.top.dimension), question.at is None
        of_stock, last = MEASURES[question.measure].kind == "stock", closes(question)[-1].isoformat()
        weights: Counter[str] = Counter()
        for cell, n in cells.items():
            weights[cell[key]] += 0 if of_stock and in_pieces and cell[-1] != last else n
        kept = sorted(weights, key=lambda member: (-weights[member], member))[: question.top.n]
        found: Counter[tuple[Any, ...]] = Counter()
        for cell, n in cells.items():
            found[tuple("*" if at == key and member not in kept else member for at, member in enumerate(cell))] += n
        return dict(found)

    def stock(self, book: str, dims: tuple[D, ...], filters: Filters, day: date) -> dict[tuple[str, ...], int]:
        found: Counter[tuple[str, ...]] = Counter()
        for row in self.rows:
            if row.entry.book == book and row.day <= day and self.passes(row, day, day, filters):
                found[self.cell(row, day, day, dims)] += row.entry.stock_delta
        return {cell: n for cell, n in found.items() if n}

    def persons(self, question: Question) -> dict[tuple[Any, ...], list[int]]:
        """What `supervised` says at each close that a question about supervised persons asks for."""
        return {
            (*cell, *([] if question.at else [close.isoformat()])): counted
            for close in closes(question)
            for cell, counted in self.supervised(question.dimensions, close).items()
        }

    def supervised(self, dims: tuple[D, ...], day: date) -> dict[tuple[str, ...], list[int]]:
        """Persons in each cell that one of their supervisions stands in, and how many of them are in custody too."""
        of_subject: dict[str, list[Row]] = {}
        for row in self.rows:
            if row.entry.book in ("supervision", "custody"):
                of_subject.setdefault(row.subject, []).append(row)
        found: dict[tuple[str, ...], list[int]] = {}
        for rows in of_subject.values():
            one = SlowCount(rows)
            for cell in one.stock("supervision", dims, {}, day):
                persons, inside = found.get(cell, [0, 0])
                found[cell] = [persons + 1, inside + bool(one.stock("custody", (), {}, day))]
        return found

    def flow(
        self, measure: str, dims: tuple[D, ...], filters: Filters, start: date, end: date
    ) -> dict[tuple[str, ...], int]:
        spec = MEASURES[measure]  # type: ignore[index]
        found: Counter[tuple[str, ...]] = Counter()
        for row in self.rows:
            entry = row.entry
            if entry.book != "custody" or entry.cause not in (*spec.plus, *spec.minus) or not start <= row.day < end:
                continue
            if not self.passes(row, row.day, row.day, filters):
                continue
            if spec.kind == "transfer" and self.stays(row, row.day, dims, filters):
                continue
            sign = -1 if entry.cause in spec.minus else 1
            found[self.cell(row, row.day, row.day, dims)] += sign * entry.flow_delta
        return {cell: n for cell, n in found.items() if n}

    def balance(
        self, dims: tuple[D, ...], filters: Filters, start: date, end: date
    ) -> dict[tuple[str, ...], list[int]]:
        """Opening, then what changed by cause, then ageing, remapping and closing."""
        eve, last = start - timedelta(days=1), end - timedelta(days=1)
        names = [value.key for value in MEASURES["balance"].values]  # type: ignore[index]
        found: dict[tuple[str, ...], list[int]] = {}

        def add(row: Row, name: str, n: int, day: date, age_day: date) -> None:
            if self.passes(row, day, age_day, filters):
                line = found.setdefault(self.cell(row, day, age_day, dims), [0] * len(names))
                line[names.index(name)] += n

        for row in self.rows:
            if row.entry.book != "custody" or row.day > last:
                continue
            n, seen = row.entry.stock_delta, max(row.day, eve)
            if row.day < start:
                add(row, "opening", n, seen, seen)
            else:
                name = _LINES[row.entry.cause]
                if name.startswith("transfers") and self.stays(row, seen, dims, filters):
                    name = "reclassification"
                add(row, name, -n if name in _LEAVING else n, seen, seen)
            add(row, "remapping", -n, seen, seen)
            add(row, "remapping", n, last, seen)
            add(row, "ageing", -n, last, seen)
            add(row, "ageing", n, last, last)
            add(row, "closing", n, last, last)
        return {cell: line for cell, line in found.items() if any(line)}

    def stays(self, row: Row, day: date, dims: tuple[D, ...], filters: Filters) -> bool:
        """Whether both ends of a transfer are one unit at the levels asked, inside the places filtered."""
        entry = row.entry
        levels = [d for d in dims if d in _OF_PLACE]
        here = [self.of_place(d, entry.establishment, day) for d in levels]
        there = [self.of_place(d, entry.counterparty, day) for d in levels]
        inside = all(
            self.of_place(d, entry.counterparty, day) in codes for d, codes in filters.items() if d in _OF_PLACE
        )
        return here == there and inside

    def passes(self, row: Row, day: date, age_day: date, filters: Filters) -> bool:
        return all(self.cell(row, day, age_day, (d,))[0] in codes for d, codes in filters.items())

    def cell(self, row: Row, day: date, age_day: date, dims: tuple[D, ...]) -> tuple[str, ...]:
        return tuple(self.member(row, day, age_day, d) for d in dims)

    def member(self, row: Row, day: date, age_day: date, d: D) -> str:
        entry, has = row.entry, row.entry.attributes
        if d in _OF_PLACE:
            return self.of_place(d, entry.establishment, day)
        offences, liberties = load()["offence"], load()["liberty_type"]
        months = age_day.year * 12 + age_day.month - 1 - has.birth_month
        simple = {
            D.RESIDENCE_DEPARTMENT: has.residence[:2],
            D.RESIDENCE_PROVINCE: has.residence[:4],
            D.RESIDENCE_DISTRICT: has.residence,
            D.PRINTED_STATUS: "sentenciado" if has.legal_status.startswith("sentenciado") else has.legal_status,
            D.AGE_BAND: _band(months // 12, _AGES) if has.birth_month else "",
            D.SUPERVISION_AGE_BAND: _band(months // 12, _SUPERVISION_AGES) if has.birth_month else "",
            D.NATIONALITY_GROUP: {"": "", "PE": "peruvian"}.get(has.nationality, "foreign"),
            D.OFFENCE: has.offence + ("-t" if has.attempt else ""),
            D.OFFENCE_GENERIC: offences[has.offence].parent if has.offence else "",
            D.ATTEMPT: ("attempted" if has.attempt else "completed") if has.offence else "",
            D.ADMISSION_NUMBER: "" if not has.admissions else str(has.admissions) if has.admissions < 8 else "8+",
            D.SENTENCE_BAND: _sentence(has.sentence_months),
            D.LIBERTY_TYPE: entry.liberty_type,
            D.LIBERTY_GROUP: liberties[entry.liberty_type].parent if entry.liberty_type else "",
            D.MOTIVE: entry.motive,
            D.CONDITION: entry.detail,
            D.SUPERVISION_UNIT: entry.establishment,
        }
        if d in simple:
            return simple[d]
        if d.startswith("supervision_"):
            return entry.detail.split("|")[("service", "state", "wrong").index(d.removeprefix("supervision_"))]
        return str(getattr(has, d))

    def of_place(self, d: D, site: str, day: date) -> str:
        if d is D.ESTABLISHMENT:
            return site
        said: Counter[tuple[int, str]] = Counter()
        for row in self.of_sites:
            if row.entry.establishment == site and row.day <= day:
                said[row.entry.effective_ms, row.entry.detail] += row.entry.stock_delta
        stated = [key for key, n in said.items() if n > 0]
        office, place, *_ = max(stated)[1].split("|") if stated else ("", "")
        return {D.REGIONAL_OFFICE: office, D.DEPARTMENT: place[:2], D.PROVINCE: place[:4], D.DISTRICT: place}[d]


_OF_PLACE = (D.ESTABLISHMENT, D.REGIONAL_OFFICE, D.DEPARTMENT, D.PROVINCE, D.DISTRICT)
_AGES = ((0, 15), (16, 17), (18, 19), *((n, n + 4) for n in range(20, 60, 5)))
_SUPERVISION_AGES = ((0, 17), (18, 24), *((n, n + 4) for n in range(25, 50, 5)))
_LEAVING = ("releases", "deaths", "escapes", "transfers_out")
_LINES = {
    "opening": "roll_openings",
    "admission": "admissions",
    "recapture": "recaptures",
    "release": "releases",
    "death": "deaths",
    "escape": "escapes",
    "transfer_in": "transfers_in",
    "transfer_out": "transfers_out",
    "reclassification": "reclassification",
    "correction": "correction",
}


def _band(age: int, bands: tuple[tuple[int, int], ...]) -> str:
    for low, high in bands:
        if age <= high:
            return f"{low}-{high}"
    return f"{bands[-1][1] + 1}+"


def _sentence(coded: int) -> str:
    if coded in (0, 65_535):
        return "life" if coded else ""
    years = (coded - 1) / 12
    if years < 5:
        return "0-5"
    for low in range(5, 35, 5):
        if years <= low + 5:
            return f"{low}-{low + 5}"
    return "35+"


def known_then(rows: list[Row], at: KnownAt | None) -> SlowCount:
    """The slow count of the rows that were known at a time or a position; of all if it is not said."""
    if at is None:
        return SlowCount(rows)
    if at.time is not None:
        until = at.time.timestamp() * 1000
        return SlowCount(rows, lambda row: row.recorded_ms <= until)
    offsets = LogPosition.parse(at.position or "").next_offsets
    return SlowCount(rows, lambda row: row.offset < offsets[row.partition])
