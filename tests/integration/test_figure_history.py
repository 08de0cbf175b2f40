"""Why a number changed, and what was known under an older ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.adapters.clickhouse.client import connect_async
from shared.runtime.settings import Settings
from tests.support.gateway import asked, said


async def test_what_was_known_under_an_older_ledger_is_still_answered_from_it(
    gateway: httpx.AsyncClient, clickhouse_settings: Settings
) -> None:
    """A position told before the rules of the fold changed names its ledger, which is kept as it was."""
    asks = "query ($known: AsKnownAt) { population(asKnownAt: $known) { totals %s provenance { position ledgerVersion } } }"
    anomalies = "query ($known: AsKnownAt) { anomalies(asKnownAt: $known) { open } }"
    old = {"position": "p1.1.0-0-0-1-0-0-0-0-0"}
    async with await connect_async(clickhouse_settings) as client:
        await client.command(
            "INSERT INTO journal_1 (partition, offset, line, seq, recorded_at, outcome, book, effective_at, stock_delta) "
            "VALUES (3, 0, 0, 1, '2025-02-01', 'counted', '', 0, 0), (3, 0, 1, 1, '2025-02-01', 'entry', 'custody', '2025-02-01', 7)"
        )
        try:
            answer = (await asked(gateway, asks % "", known=old))["population"]
            beside = await said(gateway, asks % "coverage { establishments unreconciled { counted } }", known=old)
            refused = (await said(gateway, anomalies, known=old))["errors"][0]
        finally:
            await client.command("TRUNCATE TABLE journal_1")
    assert answer == {"totals": [[7]], "provenance": {**old, "ledgerVersion": 1}}
    assert beside["data"]["population"] == {**answer, "coverage": {"establishments": [], "unreconciled": None}}
    assert [error["path"] for error in beside["errors"]] == [["population", "coverage", "unreconciled"]]
    assert refused["extensions"]["code"] == "UNKNOWN_POSITION"
    assert "known from ledger 2 on" in refused["message"]


@pytest.mark.parametrize("ledger", [1, 2])
async def test_persons_are_told_apart_under_an_older_ledger_too(
    gateway: httpx.AsyncClient, clickhouse_settings: Settings, ledger: int
) -> None:
    query = "query ($known: AsKnownAt) { supervisedPersons(asKnownAt: $known) { totals } }"
    entries = [("supervision", "k1:a"), ("supervision", "k1:b"), ("supervision", "k1:b"), ("custody", "k1:b")]
    names = ["partition", "line", "book", "subject", "effective_at", "stock_delta"]
    rows = [[3, line, book, who, datetime(2025, 2, 1, tzinfo=UTC), 1] for line, (book, who) in enumerate(entries, 1)]
    async with await connect_async(clickhouse_settings) as client:
        await client.insert(f"journal_{ledger}", rows, column_names=names)
        try:
            answer = await asked(gateway, query, known={"position": f"p1.{ledger}.0-0-0-1-0-0-0-0-0"})
        finally:
            await client.command(f"TRUNCATE TABLE journal_{ledger}")
    assert answer == {"supervisedPersons": {"totals": [[2, 1]]}}


async def test_why_a_number_changed(gateway: httpx.AsyncClient) -> None:
    query = """query ($since: AsKnownAt!, $until: AsKnownAt, $question: QuestionInput!) {
      figureHistory(question: $question, since: $since, until: $until) {
        since until before after remapped changes { recordedDay factType facts change } } }"""
    first = {"time": "2025-01-15T12:00:00-05:00"}
    question = {"measure": "POPULATION", "at": "2025-01-10"}
    history = (await asked(gateway, query, since=first, question=question))["figureHistory"]
    stock = 'query ($k: AsKnownAt) { population(at: "2025-01-10", asKnownAt: $k) { totals } }'
    told = [(await asked(gateway, stock, k=known))["population"]["totals"] for known in (first, None)]
    assert [[[history["before"]]], [[history["after"]]]] == told
    assert history["after"] - history["before"] == sum(change["change"] for change in history["changes"]) != 0
    assert all(change["recordedDay"] >= "2025-01-15" for change in history["changes"])
    again = await asked(
        gateway, query, since={"position": history["since"]}, until={"position": history["until"]}, question=question
    )
    assert again["figureHistory"] == history


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ({"measure": "POPULATION", "by": ["SEX"]}, "a history is of one number: leave out by and interval"),
        ({"measure": "CROWDING"}, "ask for one of population"),
        (
            {"measure": "POPULATION", "asKnownAt": {"position": "p1.3.0-0-0-0-0-0-0-0-0"}},
            "leave out question.asKnownAt",
        ),
    ],
)
async def test_a_history_is_of_one_number(gateway: httpx.AsyncClient, question: dict[str, Any], text: str) -> None:
    query = """query ($question: QuestionInput!) {
      figureHistory(question: $question, since: {time: "2025-01-01T00:00:00Z"}) { before } }"""
    assert text in (await said(gateway, query, question=question))["errors"][0]["message"]
