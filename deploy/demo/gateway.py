"""The gateway as a client sees it: one GraphQL question, rows by column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx

from deploy.demo.acceptance import CLOSE

_FIGURE = "query Figure($question: QuestionInput!) { figure(question: $question) { columns { key } rows } }"


class RefusedQuestionError(Exception):
    """The gateway answered with an error; the text is what it said."""


class Gateway:
    """Asks figures for the close of the day, with the statistician's token."""

    def __init__(self, address: str, token: str) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        self._client = httpx.Client(base_url=address, headers=headers, timeout=60, trust_env=False)

    def ask(self, question: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """The rows of the answer; the figure itself is under `value`. Raises RefusedQuestionError."""
        answer = self._client.post("/graphql", json={"query": _FIGURE, "variables": {"question": _said(question)}})
        body = answer.json()
        if body.get("errors"):
            raise RefusedQuestionError(body["errors"][0]["message"])
        table = body["data"]["figure"]
        keys = [column["key"] for column in table["columns"]]
        rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
        return [{**row, "value": row[question["measure"]]} for row in rows]


def _said(question: Mapping[str, Any]) -> dict[str, Any]:
    """The question in the words of the schema: enumerations are in capitals."""
    said: dict[str, Any] = {
        "measure": question["measure"].upper(),
        "at": CLOSE,
        "by": [name.upper() for name in question["dimensions"]],
        "where": [{**each, "dimension": each["dimension"].upper()} for each in question.get("filters", ())],
    }
    if "top" in question:
        said["top"] = {**question["top"], "dimension": question["top"]["dimension"].upper()}
    return said
