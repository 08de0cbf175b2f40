"""The gateway as a client sees it: one GraphQL question, rows by column; or the same question as a file."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx

from deploy.demo.acceptance import CLOSE

_ORDER = """mutation Order($question: QuestionInput!) {
  orderExport(content: { question: $question }, format: CSV) { id }
}"""
_EXPORT = "query Export($id: ID!) { export(id: $id) { status progress message files { name url sha256 } } }"
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
        table = self._query(_FIGURE, question=_said(question))["figure"]
        keys = [column["key"] for column in table["columns"]]
        rows = [dict(zip(keys, row, strict=True)) for row in table["rows"]]
        return [{**row, "value": row[question["measure"]]} for row in rows]

    def order(self, question: Mapping[str, Any]) -> str:
        """Order the answer as a CSV file; the id of its job. Raises RefusedQuestionError."""
        return str(self._query(_ORDER, question=_said(question))["orderExport"]["id"])

    def export(self, job_id: str) -> Mapping[str, Any]:
        """The job as it stands: `status`, `progress`, `message`, `files`. Raises RefusedQuestionError."""
        found: Mapping[str, Any] = self._query(_EXPORT, id=job_id)["export"]
        return found

    def fetch(self, file: Mapping[str, Any]) -> bytes:
        """A finished file, held against the digest that its job tells. Raises RefusedQuestionError."""
        answer = self._client.get(file["url"])
        if hashlib.sha256(answer.content).hexdigest() != file["sha256"]:
            raise RefusedQuestionError(f"{file['url']} answered {answer.status_code} with another file than was made")
        return answer.content

    def _query(self, text: str, **variables: Any) -> Mapping[str, Any]:
        answer = self._client.post("/graphql", json={"query": text, "variables": variables})
        body = answer.json()
        if body.get("errors"):
            raise RefusedQuestionError(body["errors"][0]["message"])
        data: Mapping[str, Any] = body["data"]
        return data


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
