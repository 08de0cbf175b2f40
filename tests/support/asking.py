"""Asks the gateway as a client does, over HTTP in GraphQL."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import date
from typing import Any, NamedTuple

import httpx

from shared.contracts.questions import LogPosition, Question
from shared.domain.measures import Measure
from shared.runtime.settings import Settings
from tests.support.owed import settled
from tests.support.stack import RunningStack

_FIGURE = "query Figure($question: QuestionInput!) { figure(question: $question) { rows provenance { position } } }"

_ANY = Question(measure=Measure.POPULATION, at=date(2026, 1, 31))


class Answer(NamedTuple):
    """The cells of a table with one value, and the position that they rest on."""

    cells: dict[tuple[str, ...], int]
    position: str

    @property
    def offsets(self) -> int:
        """How many records of the log were counted."""
        return sum(LogPosition.parse(self.position).next_offsets)


class NoAnswerError(Exception):
    """The gateway, or what it asks, does not answer at this moment."""


class Asking:
    """Asks with the statistician's token."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def figure(self, question: Question) -> Answer:
        """The answer to a question of one value. Raises NoAnswerError."""
        table = (await self.data(_FIGURE, question=_said(question)))["figure"]
        return Answer({tuple(row[:-1]): row[-1] for row in table["rows"]}, table["provenance"]["position"])

    async def data(self, query: str, **variables: Any) -> dict[str, Any]:
        """What a query gives. Raises NoAnswerError; any other error fails the test."""
        try:
            answer = await self._client.post("/graphql", json={"query": query, "variables": variables})
        except httpx.TransportError as error:
            raise NoAnswerError(type(error).__name__) from error
        body = answer.json()
        if any(error["extensions"]["code"] == "UNAVAILABLE" for error in body.get("errors", ())):
            raise NoAnswerError(body["errors"][0]["message"])
        assert "errors" not in body, body
        return body["data"]  # type: ignore[no-any-return]


@contextlib.asynccontextmanager
async def asking(system: RunningStack) -> AsyncIterator[Asking]:
    """Someone who asks this system."""
    headers = {"Authorization": f"Bearer {system.statistician_token}"}
    async with httpx.AsyncClient(base_url=system.gateway, headers=headers, timeout=30) as client:
        yield Asking(client)


async def counted_all(system: RunningStack, client: Asking) -> bool:
    """Whether every record of the log is in the figures, the log has what was pushed into Kafka, and nothing is owed."""

    async def counted() -> int:
        return (await client.figure(_ANY)).offsets

    with contextlib.suppress(NoAnswerError):
        return await settled(system.environment["SIEP_KAFKA"], system.settings(Settings), counted)
    return False


def _said(question: Question) -> dict[str, Any]:
    """The question in the words of the schema: enumerations by name."""
    said: dict[str, Any] = {"measure": question.measure.name, "by": [each.name for each in question.dimensions]}
    said["where"] = [{"dimension": each.dimension.name, "codes": list(each.codes)} for each in question.filters]
    days = {"at": question.at, "from": question.from_day, "to": question.to_day}
    said |= {name: day.isoformat() for name, day in days.items() if day is not None}
    if question.interval is not None:
        said["interval"] = question.interval.name
    if question.as_known_at is not None:
        said["asKnownAt"] = {"position": question.as_known_at.position}
    return said
