"""Messages: what each kind of event says, who says it, and under which id.

Texts are put together by f-strings: codes and documents hold no character that JSON would escape.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from deploy.demo.country import plausible, tables
from deploy.demo.country.events import (
    ABSENCES,
    AWAY_AT_THE_END,
    CONDITIONS,
    LESS_SCHOOLED,
    MISSTATED,
    OTHER_BEFORE,
    OTHER_OFFENCE,
    SINGLE_BEFORE,
)
from deploy.demo.country.histories import DAY, MONTH, OPENED_AT, OPENING, RECAPTURE
from deploy.demo.country.persons import LIFE
from shared.reference.catalogue import load


class Stay(NamedTuple):
    """A row of `histories.STAY`, field by field."""

    prison: int
    sentenced: int
    female: int
    line: int
    birth_month: int
    birth_day: int
    civil: int
    nationality: int
    admissions: int
    months: int
    schooling: int
    occupation: int
    recidivism: int
    residence: int
    nucleus: int
    person: int
    origin: int
    cause: int
    entered: int
    sentenced_at: int
    departed: int
    arrived: int
    left: int
    outcome: int
    said: int


class Said(NamedTuple):
    """One message to write: whose stay it is about, when, and the number that makes ids and documents its own."""

    stay: Stay
    number: int  # of the stay
    replica: int
    at: int
    step: int


class Message(NamedTuple):
    """What makes an event of its own: who speaks, the fact's type and id, and its data after `person`."""

    source: str
    type: str
    id: str
    data: str


_SITES = tables.establishments()
_CODES = tuple(site.code for site in _SITES)
_UNITS = tuple(f"ml-{site.office}" for site in _SITES)
_LINES = plausible.lines()
_CIVIL = tuple(load()["civil_status"])
_RANKS = tuple(load()["offence"][line.code].rank or 0 for line in _LINES)
_LESSER = "cp-366-resistencia-a-la-autoridad"
_LESSER_RANK = load()["offence"][_LESSER].rank or 0
_SECOND_SENTENCE = 24
"""Months; always less than the first one, which is of more than three years."""


def _place(said: Said) -> str:
    """The establishment that has the person on its roll at that moment."""
    stay = said.stay
    return _CODES[stay.origin if said.at < stay.arrived else stay.prison]


def _day(seconds: int) -> str:
    return str(np.datetime64(seconds, "s").astype("datetime64[D]"))


def _id(kind: str, said: Said) -> str:
    return f"{kind}-{said.replica}-{said.number}"


def _case(said: Said, which: int = 1) -> str:
    return f"{said.replica}-{said.number}-PE-{which:02d}"


def _profile(stay: Stay, as_said: int) -> str:
    schooling = plausible.SCHOOLING[stay.schooling - bool(as_said & LESS_SCHOOLED)]
    civil = "soltero" if as_said & SINGLE_BEFORE else _CIVIL[stay.civil]
    nucleus = f',"residence_nucleus":"NU-{stay.residence:06d}-{stay.nucleus:02d}"' if stay.nucleus else ""
    residence = "" if as_said & MISSTATED else f',"residence":"{stay.residence:06d}"{nucleus}'
    occupation = "no-trabajan" if as_said & MISSTATED else plausible.OCCUPATIONS[stay.occupation][0]
    year, month = divmod(stay.birth_month, 12)
    return (
        f'{{"sex":"{tables.SEXES[stay.female]}","birth_date":"{year}-{month + 1:02d}-{stay.birth_day:02d}",'
        f'"nationality":"{plausible.NATIONALITIES[stay.nationality][0]}","schooling":"{schooling}",'
        f'"civil_status":"{civil}","occupation":"{occupation}","recidivism":"{plausible.RECIDIVISM[stay.recidivism]}"'
        f"{residence}}}"
    )


def _offences(said: Said, as_said: int) -> str:
    """The main offence is flagged, or graver than the other one."""
    line = _LINES[said.stay.line]
    code = OTHER_BEFORE[line.code] if as_said & OTHER_OFFENCE else line.code
    attempt = ',"attempt":true' if line.attempt else ""
    flagged = said.number % 2 or _RANKS[said.stay.line] >= _LESSER_RANK - 2
    main = ',"main":true' if flagged else ""
    other = f',{{"code":"{_LESSER}"}}' if said.number % 10 == 3 or said.number % 10 == 4 else ""
    return f'[{{"code":"{code}"{attempt}{main}}}{other}]'


def _sentence(stay: Stay, *, joined: bool = False) -> str:
    length = '"life":true' if stay.months == LIFE else f'"months":{stay.months}'
    refundition = ',"joined":true' if joined else ""
    return f'"sentence":{{{length}{refundition}}}'


def _declared(said: Said, as_said: int) -> str:
    """What an entry declares, as it is said there."""
    stay = said.stay
    in_force = stay.sentenced_at and stay.sentenced_at <= said.at
    sentence = f",{_sentence(stay)}" if in_force else ""
    return (
        f'"declared_admissions":{stay.admissions},"profile":{_profile(stay, as_said)},'
        f'"cases":[{{"case":"{_case(said)}","offences":{_offences(said, as_said)}{sentence}}}]'
    )


def _entry_data(said: Said, as_said: int) -> tuple[str, str]:
    """Type and data of the entry."""
    stay, place = said.stay, _CODES[said.stay.origin]
    if stay.cause == OPENING:
        original = f'"admitted_on":"{_day(stay.entered)}"'
        return "roll_opening", f'"establishment":"{place}",{original},{_declared(said, as_said)}'
    motive = "recaptura" if stay.cause == RECAPTURE else _admission_motive(said)
    authority = "pnp" if stay.cause == RECAPTURE else "judicial"
    declared = _declared(said, as_said)
    return "admission", f'"establishment":"{place}","motive":"{motive}","authority":"{authority}",{declared}'


def _admission_motive(said: Said) -> str:
    if said.stay.sentenced_at and said.stay.sentenced_at <= said.at:
        return "ingreso-por-revocatoria" if said.stay.admissions > 1 and said.number % 3 == 0 else "sentencia"
    return "nuevo-ingreso" if said.number % 8 == 0 else "prision-preventiva"


def _entry(said: Said) -> Message:
    fact_type, data = _entry_data(said, said.stay.said)
    return Message(_CODES[said.stay.origin], fact_type, _id("in", said), data)


def _sentenced(said: Said) -> Message:
    offences = f'"offences":{_offences(said, 0)},' if said.stay.said & OTHER_OFFENCE else ""
    data = f'"case":"{_case(said)}",{offences}{_sentence(said.stay)}'
    return Message(_place(said), "case_changed", _id("sen", said), data)


def _departure(said: Said) -> Message:
    origin, destination = _CODES[said.stay.origin], _CODES[said.stay.prison]
    motive = _TRANSFER_MOTIVES[said.number % len(_TRANSFER_MOTIVES)]
    data = f'"establishment":"{origin}","destination":"{destination}","motive":"{motive}"'
    return Message(origin, "transfer_departure", _id("dep", said), data)


_TRANSFER_MOTIVES = tuple(code for code in load()["transfer_motive"] if code != "otro")


def _arrival(said: Said) -> Message:
    origin, destination = _CODES[said.stay.origin], _CODES[said.stay.prison]
    return Message(
        destination, "transfer_arrival", _id("arr", said), f'"establishment":"{destination}","origin":"{origin}"'
    )


def _absence_start(said: Said) -> Message:
    now = said.step == AWAY_AT_THE_END
    reason = ABSENCES[0 if now else said.step]
    data = f'"establishment":"{_place(said)}","reason":"{reason}"'
    return Message(_place(said), "absence_start", _id("now" if now else "out", said), data)


def _absence_end(said: Said) -> Message:
    return Message(_place(said), "absence_end", _id("back", said), f'"establishment":"{_place(said)}"')


def _profile_change(said: Said) -> Message:
    stay = said.stay
    schooling, civil = plausible.SCHOOLING[stay.schooling], _CIVIL[stay.civil]
    data = f'"profile":{{"schooling":"{schooling}","civil_status":"{civil}"}}'
    return Message(_place(said), "profile_change", _id("pro", said), data)


def _case_opened(said: Said) -> Message:
    data = f'"case":"{_case(said, 2)}","offences":[{{"code":"{_LESSER}"}}]'
    return Message(_place(said), "case_opened", _id("case", said), data)


def _case_sentenced(said: Said) -> Message:
    data = f'"case":"{_case(said, 2)}","sentence":{{"months":{_SECOND_SENTENCE}}}'
    return Message(_place(said), "case_changed", _id("sec", said), data)


def _cases_joined(said: Said) -> Message:
    data = f'"case":"{_case(said)}",{_sentence(said.stay, joined=True)}'
    return Message(_place(said), "case_changed", _id("join", said), data)


def _case_closed(said: Said) -> Message:
    return Message(_place(said), "case_closed", _id("clo", said), f'"case":"{_case(said, 2)}"')


def _diagnosed(said: Said) -> Message:
    data = f'"condition":"{CONDITIONS[said.step]}","event":"diagnosed"'
    return Message(_place(said), "health", _id("tb", said), data)


def _cured(said: Said) -> Message:
    data = f'"condition":"{CONDITIONS[said.step]}","event":"cured"'
    return Message(_place(said), "health", _id("tbc", said), data)


def _child_entry(said: Said) -> Message:
    born = _day(said.at - int(said.step * MONTH) - DAY)
    sex = tables.SEXES[said.number % 2]
    data = f'"establishment":"{_place(said)}",{_child(said)},"sex":"{sex}","birth_date":"{born}"'
    return Message(_place(said), "child_entry", _id("kid", said), data)


def _child_exit(said: Said) -> Message:
    return Message(_place(said), "child_exit", _id("kidx", said), f'"establishment":"{_place(said)}",{_child(said)}')


def _child(said: Said) -> str:
    return f'"child":"CH-{said.replica}-{said.number}"'


def _exit(said: Said) -> Message:
    way, place = plausible.OUTCOMES[said.stay.outcome], _CODES[said.stay.prison]
    liberty = f'"liberty_type":"{way.liberty_type}",' if way.liberty_type else ""
    return Message(place, way.kind, _id("exit", said), f'"establishment":"{place}",{liberty}"motive":"{way.motive}"')


def _supervision_start(said: Said) -> Message:
    stay, unit = said.stay, _UNITS[said.stay.prison]
    service, offence = plausible.OUTCOMES[stay.outcome].supervision, _LINES[stay.line].code
    data = f'"unit":"{unit}","service":"{service}","wrong":"delito","offence":"{offence}","state":"no-apersonado"'
    return Message(unit, "supervision_start", _id("sup", said), f"{_supervision(said)},{data}")


def _supervision_change(said: Said) -> Message:
    unit = _UNITS[said.stay.prison]
    state = "activa-inconcurrente" if said.number % 6 == 0 else "activa-concurrente"
    return Message(unit, "supervision_change", _id("supc", said), f'{_supervision(said)},"state":"{state}"')


def _supervision_end(said: Said) -> Message:
    unit = _UNITS[said.stay.prison]
    cause = "plazo-legal" if said.number % 9 == 0 else "pena-cumplida"
    return Message(unit, "supervision_end", _id("supx", said), f'{_supervision(said)},"cause":"{cause}"')


def _supervision(said: Said) -> str:
    return f'"supervision":"SV-{said.replica}-{said.number}"'


def _amendment(said: Said) -> Message:
    """The entry again, as it should have been said."""
    began = max(said.stay.entered, OPENED_AT)
    fact_type, data = _entry_data(said._replace(at=began), 0)
    return _correction(
        "amendment",
        "in",
        said,
        f',"replacement":{{"type":"siep.{fact_type}.v1","time":"{np.datetime64(began, "s")}-05:00","data":{{{data}}}}}',
    )


def _correction(fact_type: str, target: str, said: Said, more: str = "") -> Message:
    """Who said it takes it back."""
    source = _CODES[said.stay.prison if target == "exe" else said.stay.origin]
    data = f'"target":{{"source":"{source}","id":"{_id(target, said)}"}}{more}'
    return Message(source, fact_type, _id(f"{fact_type}-{target}", said), data)


def _mistaken_entry(said: Said) -> Message:
    source, fact_type, _, data = _entry(said)
    return Message(source, fact_type, _id("ine", said), data)


def _voided_entry(said: Said) -> Message:
    return _correction("void", "ine", said)


def _mistaken_exit(said: Said) -> Message:
    place = _CODES[said.stay.prison]
    data = f'"establishment":"{place}","liberty_type":"libertad-inmediata","motive":"mandato-judicial"'
    return Message(place, "release", _id("exe", said), data)


def _voided_exit(said: Said) -> Message:
    return _correction("void", "exe", said)


WRITERS: tuple[Callable[[Said], Message], ...] = (
    _entry,
    _sentenced,
    _departure,
    _arrival,
    _absence_start,
    _absence_end,
    _profile_change,
    _case_opened,
    _case_sentenced,
    _cases_joined,
    _case_closed,
    _diagnosed,
    _cured,
    _child_entry,
    _child_exit,
    _exit,
    _supervision_start,
    _supervision_change,
    _supervision_end,
    _amendment,
    _mistaken_entry,
    _voided_entry,
    _mistaken_exit,
    _voided_exit,
)
"""By `Kind`, in its order."""
