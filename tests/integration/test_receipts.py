"""Receipts of the whole system: what ingest answered, what the log holds, and what both doors tell of it afterwards."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from typing import Any

import httpx
import pytest

from services.ingest.replay import replay
from services.ingest.replaying import Replayed
from shared.contracts.facts import QUARANTINED
from shared.contracts.topics import FACTS
from shared.reference.catalogue import load
from shared.runtime.clock import SystemClock
from shared.runtime.settings import Settings
from tests.contract.examples import accepted, refused
from tests.support.asking import asking, counted_all
from tests.support.catalogues import with_code
from tests.support.stack import RunningStack
from tests.support.topics import topic_reader
from tests.support.waiting import until

GOOD = json.loads(accepted()["release/acquitted"])
UNKNOWN_CODE = json.loads(refused()["unknown-code"].message)
SITE, OTHER = "ep-022", "ep-045"
_FATE = """query Fate($id: String!, $whose: String) { receipt(id: $id, establishment: $whose) {
    fate records { source outcome code field partition offset } standing { waiting missing } } }"""
_SUMS = """query Sums($from: Date!, $to: Date!, $whose: String) { receipts(from: $from, to: $to, establishment: $whose) {
    days { day source sent counted duplicate conflicting quarantined difference } standing { waiting missing position } } }"""
_QUARANTINE = """query Kept($from: Date!, $to: Date!) { quarantine(from: $from, to: $to) {
    messages { id field code expected resolvedBy { partition offset } } leftOut } }"""


def _of(template: dict[str, Any], fact_id: str, **changes: Any) -> bytes:
    return json.dumps({**template, "id": fact_id, **changes}).encode()


LINES = [
    _of(GOOD, "rc-1"),
    _of(GOOD, "rc-1"),
    _of(GOOD, "rc-1", time="2026-01-02T10:00:00-05:00"),
    _of(GOOD, "rc-2"),
    _of(UNKNOWN_CODE, "rc-3"),
    _of(UNKNOWN_CODE, "rc-4"),
    _of(GOOD, "rc-3"),
    b"no json",
]
"""Two that count, one doubled, one in conflict, two quarantined of which one is corrected, and one rejected."""


@pytest.fixture(scope="module")
async def sent(stack: RunningStack) -> Counter[tuple[str, bool]]:
    """What the log of record holds of these lines once they are counted: records by source, and whether quarantined."""
    async with topic_reader(stack.environment["SIEP_KAFKA"]) as reader, httpx.AsyncClient() as client:
        headers = {"authorization": f"Bearer {stack.ingest_key(SITE)}", "content-type": "application/x-ndjson"}
        answer = await client.post(f"{stack.ingest}/v1/facts", content=b"\n".join(LINES), headers=headers)
        told = answer.json()
        assert (told["accepted"], told["quarantined"], told["rejected"]) == (5, 2, 1)
        async with asking(stack) as statistician:
            await until(lambda: counted_all(stack, statistician), "all is counted")
        records = [json.loads(record.value) for record in await reader.records(FACTS.name)]
    return Counter((record["source"], record["type"] == QUARANTINED) for record in records)


async def _graphql(system: RunningStack, key: str, query: str, **variables: Any) -> Any:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {key}"}) as client:
        answer = await client.post(f"{system.gateway}/graphql", json={"query": query, "variables": variables})
    return answer.json()


async def _http(system: RunningStack, path: str, speaker: str = SITE) -> Any:
    async with httpx.AsyncClient(headers={"authorization": f"Bearer {system.ingest_key(speaker)}"}) as client:
        answer = await client.get(f"{system.ingest}{path}")
    assert answer.status_code == 200, answer.text
    return answer.json()


def _today() -> dict[str, str]:
    day = SystemClock().now().date()
    return {"from": str(day - timedelta(2)), "to": str(day + timedelta(2))}


def _total(days: list[dict[str, Any]]) -> dict[str, int]:
    names = ("sent", "counted", "duplicate", "conflicting", "quarantined", "difference")
    return {name: sum(day[name] for day in days) for name in names}


async def test_what_ingest_answered_and_what_the_log_holds_closes_to_zero(stack: RunningStack, sent: Counter[Any]):
    days = _today()
    told = await _http(stack, f"/v1/receipts?from={days['from']}&to={days['to']}")
    expected = {"sent": 7, "counted": 3, "duplicate": 2, "conflicting": 1, "quarantined": 2, "difference": 0}
    assert _total(told["days"]) == expected
    assert expected["sent"] == sent[SITE, False] + sent[SITE, True]
    assert expected["quarantined"] == sent[SITE, True]
    assert told["standing"]["missing"] == 0
    assert told["standing"]["waiting"] == 0
    asked = await _graphql(stack, stack.ingest_key(SITE), _SUMS, **days)
    assert asked["data"]["receipts"]["days"] == told["days"]


async def test_the_fate_of_each_id_is_the_same_at_both_doors(stack: RunningStack, sent: Counter[Any]):
    expected = {
        "rc-1": ("counted", ["counted", "duplicate", "conflict"]),
        "rc-2": ("counted", ["counted"]),
        "rc-3": ("counted", ["quarantined", "counted"]),
        "rc-4": ("quarantined", ["quarantined"]),
        "rc-5": ("unknown", []),
    }
    for fact_id, (fate, outcomes) in expected.items():
        by_http = await _http(stack, f"/v1/facts/{fact_id}")
        (by_graphql,) = (await _graphql(stack, stack.ingest_key(SITE), _FATE, id=fact_id))["data"].values()
        for told in (by_http, by_graphql):
            assert (told["fate"], [record["outcome"] for record in told["records"]]) == (fate, outcomes)


async def test_an_establishment_is_told_its_own_and_a_statistician_all(stack: RunningStack, sent: Counter[Any]):
    days = _today()
    assert (await _http(stack, "/v1/facts/rc-1", OTHER))["fate"] == "unknown"
    others = await _graphql(stack, stack.ingest_key(OTHER), _SUMS, **days)
    assert {day["source"] for day in others["data"]["receipts"]["days"]} <= {OTHER}
    for query, variables in ((_FATE, {"id": "rc-1"}), (_SUMS, days)):
        refusal = await _graphql(stack, stack.ingest_key(OTHER), query, **variables, whose=SITE)
        assert refusal["errors"][0]["extensions"]["code"] == "FORBIDDEN"
        named = await _graphql(stack, stack.statistician_token, query, **variables, whose=SITE)
        everybody = await _graphql(stack, stack.statistician_token, query, **variables)
        assert "errors" not in named
        assert "errors" not in everybody
    assert SITE in {day["source"] for day in everybody["data"]["receipts"]["days"]}


async def test_the_quarantine_shows_what_a_correction_resolved(stack: RunningStack, sent: Counter[Any]):
    (kept,) = (await _graphql(stack, stack.ingest_key(SITE), _QUARANTINE, **_today()))["data"].values()
    assert kept["leftOut"] == 0
    corrected, waiting = kept["messages"]
    assert (corrected["id"], corrected["field"], corrected["code"]) == ("rc-3", "data.liberty_type", "unknown_code")
    assert corrected["resolvedBy"]["offset"] >= 0
    assert (waiting["id"], waiting["resolvedBy"]) == ("rc-4", None)


async def test_days_are_checked(stack: RunningStack):
    day = str(date(2026, 1, 1))
    refusal = await _graphql(stack, stack.statistician_token, _SUMS, **{"from": day, "to": day})
    assert refusal["errors"][0]["extensions"]["code"] == "BAD_QUESTION"


async def test_an_establishment_that_is_not_there_is_told_the_nearest(stack: RunningStack):
    refusal = await _graphql(stack, stack.statistician_token, _FATE, id="a", whose="ep-999")
    assert refusal["errors"][0]["extensions"]["code"] == "UNKNOWN_MEMBER"
    reference = await _graphql(stack, stack.statistician_token, _FATE, id="a", whose="inpe")
    assert "errors" not in reference


async def test_a_replay_counts_what_was_kept_and_a_second_one_changes_nothing(stack: RunningStack, sent: Counter[Any]):
    """Last in this file: what it counts was in quarantine for the others."""
    settings = stack.settings(Settings)
    assert (await replay(settings, load())).sent == 0
    catalogues = with_code("liberty_type", "absuelto")
    async with topic_reader(settings.kafka) as reader:
        assert (await replay(settings, catalogues)).sent == 1
        (record,) = await reader.records(FACTS.name)
        assert json.loads(record.value)["id"] == "rc-4"
        assert await replay(settings, catalogues) == Replayed(sent=0, unknown=0)
        assert len(await reader.records(FACTS.name)) == 1
    told = await _http(stack, "/v1/facts/rc-4")
    assert [record["outcome"] for record in told["records"]] == ["quarantined", "counted"]
    (kept,) = (await _graphql(stack, stack.ingest_key(SITE), _QUARANTINE, **_today()))["data"].values()
    assert [message["resolvedBy"] is None for message in kept["messages"]] == [False, False]
    days = _today()
    told = await _http(stack, f"/v1/receipts?from={days['from']}&to={days['to']}")
    assert _total(told["days"])["difference"] == 0


async def test_the_command_says_what_it_did(stack: RunningStack):
    command = [sys.executable, "-m", "services.ingest.replay"]
    environment = {**os.environ, **stack.environment}
    done = await asyncio.to_thread(
        subprocess.run, command, env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout) == (0, "sent=0 unknown=0\n"), done.stderr
