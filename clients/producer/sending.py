"""Sends what waits in the journal to ingest, portion by portion, and writes down what ingest says of each row.

Only ingest's own receipt settles a row. Whatever else comes back, or does not, leaves the rows of that request unknown:
they are sent again with the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Literal, NamedTuple, TypeVar

import httpx
from pydantic import BaseModel, NonNegativeInt, PositiveInt, ValidationError

from clients.producer.journal import Fate, SiteJournal, Waiting

PORTION = 500
"""Rows of one request: what a broken line makes the site send again, about 300 kB."""
TRIES = 6
"""In a row without any progress; then somebody, or the scheduler of the machine, starts it again later."""


_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)
_NOT_TAKEN = {
    HTTPStatus.UNAUTHORIZED: "no conoce la clave de SIEP_KEY",
    HTTPStatus.FORBIDDEN: "bloqueó a este establecimiento por demasiadas filas con error: pida al INPE que lo libere",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "no acepta un envío de este tamaño",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "no acepta esta forma de envío",
}
"""Answers of ingest that say that it took nothing, or nothing beyond its receipt. A pause does not help."""
_TEMPORARY = {HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}
"""Besides every 5xx. Ingest answers 400 to lines only where a request broke off on its way."""

ModelT = TypeVar("ModelT", bound=BaseModel)


class _Refused(BaseModel):
    line: PositiveInt
    outcome: Literal["quarantined", "rejected"]
    field: str
    code: str
    expected: str


class _Receipt(BaseModel):
    accepted: NonNegativeInt
    refused: list[_Refused]
    resume_from_line: PositiveInt | None


class _Problem(BaseModel):
    receipt: _Receipt | None = None


class _Answer(NamedTuple):
    """What came of one request: the fates that are known now, and what went wrong with the rest, if anything did."""

    fates: list[Fate]
    problem: str = ""
    hopeless: bool = False
    pause: float | None = None


@dataclass(frozen=True)
class Sender:
    """Sends a journal. `client` knows the address and the key; `wait` takes seconds; `say` takes a Spanish sentence."""

    journal: SiteJournal
    client: httpx.Client
    now: Callable[[], datetime]
    wait: Callable[[float], object]
    say: Callable[[str], object]

    def send(self) -> bool:
        """Send until no row waits; False if some still do, after saying why. May be killed at any moment."""
        tries = 0
        while rows := self.journal.waiting(PORTION):
            answer = self._deliver(rows)
            self.journal.settle(answer.fates, self.now())
            if answer.fates:
                self.say(_summary(answer.fates))
            if answer.problem:
                self.say(answer.problem)
            tries = 0 if answer.fates else tries + 1
            if answer.hopeless or tries == TRIES:
                self.say("Lo que falta sigue en el cuaderno: vuelva a ejecutar «siep-producer send» más tarde.")
                return False
            if answer.problem:
                self.wait(2.0 ** max(tries - 1, 0) if answer.pause is None else answer.pause)
        return True

    def _deliver(self, rows: Sequence[Waiting]) -> _Answer:
        self.journal.leave(rows)
        try:
            response = self.client.post(
                "/v1/facts", content=_lines(rows), headers={"Content-Type": "application/x-ndjson"}
            )
        except _NOT_SENT:
            self.journal.stay(rows)
            return _Answer([], "No hay línea con ingest.")
        except httpx.TransportError:
            return _Answer([], "La línea se cortó antes de la respuesta: estas filas se enviarán otra vez.")
        if response.status_code in _NOT_TAKEN and _is_problem(response):
            fates = _fates(_receipt_of_problem(response), rows)
            self.journal.stay(rows[len(fates) :])
            return _Answer(fates, f"Ingest {_NOT_TAKEN[HTTPStatus(response.status_code)]}.", hopeless=True)
        return _understood(response, rows)


def _lines(rows: Sequence[Waiting]) -> Iterator[bytes]:
    for row in rows:
        yield row.content + b"\n"


def _is_problem(response: httpx.Response) -> bool:
    """Whether it is ingest that answers, and not something on the way."""
    return str(response.headers.get("content-type")).startswith("application/problem+json")


def _understood(response: httpx.Response, rows: Sequence[Waiting]) -> _Answer:
    status = response.status_code
    if status in (HTTPStatus.ACCEPTED, HTTPStatus.MULTI_STATUS):
        fates = _fates(_read(response, _Receipt), rows)
        strange = "" if fates else "La respuesta de ingest no se entiende: estas filas se enviarán otra vez."
        return _Answer(fates, strange)
    if status in _TEMPORARY or response.is_server_error:
        fates = _fates(_receipt_of_problem(response), rows)
        return _Answer(fates, f"Ingest no puede recibir ahora ({status}).", pause=_pause(response))
    return _Answer([], f"Algo que no es ingest respondió {status}: revise SIEP_INGEST.", hopeless=True)


def _receipt_of_problem(response: httpx.Response) -> _Receipt | None:
    problem = _read(response, _Problem)
    return problem.receipt if problem else None


def _fates(receipt: _Receipt | None, rows: Sequence[Waiting]) -> list[Fate]:
    """The fate of each row that the receipt speaks of; none if it does not add up."""
    if receipt is None:
        return []
    taken = rows if receipt.resume_from_line is None else rows[: receipt.resume_from_line - 1]
    refused = {line.line: line for line in receipt.refused}
    if receipt.accepted + len(refused) != len(taken) or any(line > len(taken) for line in refused):
        return []
    return [_fate(row, refused.get(line)) for line, row in enumerate(taken, 1)]


def _fate(row: Waiting, refused: _Refused | None) -> Fate:
    if refused is None:
        return Fate(row.number, "accepted")
    return Fate(row.number, refused.outcome, refused.field, refused.code, refused.expected)


def _read(response: httpx.Response, kind: type[ModelT]) -> ModelT | None:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError:
        return None


def _pause(response: httpx.Response) -> float | None:
    """What Retry-After asks for, in seconds; None if it does not say, or says a date."""
    asked = response.headers.get("retry-after", "")
    return float(asked) if asked.isdecimal() else None


def _summary(fates: Sequence[Fate]) -> str:
    counts = {
        "aceptadas": sum(fate.state == "accepted" for fate in fates),
        "en cuarentena": sum(fate.state == "quarantined" for fate in fates),
        "rechazadas": sum(fate.state == "rejected" for fate in fates),
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items() if count) + "."
