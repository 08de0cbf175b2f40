"""Contradictions and headcounts as GraphQL tells them, held against the entries one by one."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from shared.adapters.clickhouse import figures
from shared.domain.anomalies import DEPARTED_NOT_ARRIVED
from tests.support.gateway import asked, made, said, slow

ANOMALIES = """query ($of: String, $kinds: [String!]! = [], $state: AnomalyState! = OPEN, $first: Int! = 1000, $skip: Int! = 0,
    $known: AsKnownAt) {
  anomalies(establishment: $of, kinds: $kinds, state: $state, first: $first, skip: $skip, asKnownAt: $known) {
    open resolved provenance { position }
    items {
      kind { code label { es en } } fact { source id } establishments since noticedAt resolvedAt resolvedBy { source id type }
    }
  }
}"""


def _stated_anomalies() -> dict[tuple[str, ...], list[tuple[int, str]]]:
    """Kind, source, id, establishment, other -> signs in the order recorded, with the id of the fact that made each."""
    found: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for many in made().values():
        for one in many:
            for entry in one.entries:
                if entry.book == "anomaly":
                    key = (*entry.detail.split("|", 2), entry.establishment, entry.counterparty)
                    found.setdefault(key, []).append((entry.stock_delta, one.message.id))
    return found


async def test_anomalies_are_those_of_the_ledger_and_name_the_fact_that_resolved_them(
    gateway: httpx.AsyncClient,
) -> None:
    answer = (await asked(gateway, ANOMALIES, state="ANY"))["anomalies"]
    told = {
        (
            item["kind"]["code"],
            item["fact"]["source"],
            item["fact"]["id"],
            *item["establishments"],
            *[""][: 2 - len(item["establishments"])],
        ): item
        for item in answer["items"]
        if item["kind"]["code"] != DEPARTED_NOT_ARRIVED
    }
    expected = _stated_anomalies()
    assert told.keys() == expected.keys()
    assert {"arrival_without_departure", "exit_while_not_inside", "target_not_known"} <= {key[0] for key in expected}
    for key, signs in expected.items():
        stands = sum(sign for sign, _ in signs) == 1
        assert (told[key]["resolvedAt"] is None) == stands
        assert (told[key]["resolvedBy"] or {}).get("id") == (None if stands else signs[-1][1])
    assert answer["resolved"] == sum(item["resolvedAt"] is not None for item in answer["items"]) > 0
    assert answer["open"] + answer["resolved"] == len(answer["items"])


async def test_an_anomaly_is_seen_by_the_establishments_it_concerns_and_no_other(gateway: httpx.AsyncClient) -> None:
    own = (await said(gateway, ANOMALIES, "key-ep-001"))["data"]["anomalies"]
    named = (await asked(gateway, ANOMALIES, of="ep-001"))["anomalies"]
    assert own["items"] == named["items"]
    assert own["open"] == len(own["items"]) > 0
    assert all("ep-001" in item["establishments"] for item in own["items"])
    assert any(item["establishments"] == ["ep-002", "ep-001"] for item in own["items"])
    label = {"es": "Salida por traslado sin llegada", "en": "Departure without arrival"}
    assert {"code": DEPARTED_NOT_ARRIVED, "label": label} in [item["kind"] for item in own["items"]]
    refused = await said(gateway, ANOMALIES, "key-ep-001", of="ep-002")
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_anomalies_come_in_pages_and_as_they_were_known(gateway: httpx.AsyncClient) -> None:
    whole = (await asked(gateway, ANOMALIES))["anomalies"]
    pages = [(await asked(gateway, ANOMALIES, first=7, skip=n))["anomalies"] for n in (0, 7)]
    assert [item for page in pages for item in page["items"]] == whole["items"][:14]
    assert {page["open"] for page in pages} == {whole["open"]}
    position = whole["provenance"]["position"]
    assert (await asked(gateway, ANOMALIES, known={"position": position}))["anomalies"] == whole
    nothing = (await asked(gateway, ANOMALIES, known={"time": "2020-01-01T00:00:00Z"}, state="ANY"))["anomalies"]
    assert (nothing["items"], nothing["open"], nothing["resolved"]) == ([], 0, 0)


@pytest.mark.parametrize(
    ("variables", "code", "text"),
    [
        ({"kinds": ["lost"]}, "BAD_QUESTION", "no kind [lost]; there are: absent_twice"),
        ({"of": "ep-0010"}, "UNKNOWN_MEMBER", "nearest: ep-010, ep-001"),
        ({"first": 1001}, "BAD_QUESTION", "first: Input should be less than or equal to 1000"),
    ],
)
async def test_what_cannot_be_asked_of_anomalies(
    gateway: httpx.AsyncClient, variables: dict[str, Any], code: str, text: str
) -> None:
    error = (await said(gateway, ANOMALIES, **variables))["errors"][0]
    assert error["extensions"]["code"] == code
    assert text in error["message"]


HEADCOUNTS = """query ($of: String, $from: Date, $at: Date, $known: AsKnownAt) {
  headcounts(establishment: $of, from: $from, at: $at, asKnownAt: $known) {
    complete provenance { position }
    items {
      establishment at ageHours fact { source id } signedBy unreconciled
      lines { sex difference counted { total present absent inTransit } roll { total present absent inTransit } }
    }
  }
}"""
COUNTS = [
    (one.message.fact, one.recorded_at_ms)
    for many in made().values()
    for one in many
    if one.message.fact and one.message.fact.kind == "headcount"
]


def _roll(establishment: str, at_ms: int) -> dict[str, dict[str, int]]:
    """Sex -> book -> how many, entry by entry up to a moment."""
    found: dict[str, dict[str, int]] = {}
    for row in slow().rows:
        entry = row.entry
        known = entry.establishment == establishment and entry.effective_ms <= at_ms
        if known and entry.book in {"custody", "absence", "transit"}:
            books = found.setdefault(entry.attributes.sex, {"custody": 0, "absence": 0, "transit": 0})
            books[entry.book] += entry.stock_delta
    return {sex: books for sex, books in found.items() if books["custody"]}


async def test_a_headcount_stands_beside_the_roll_of_its_moment(gateway: httpx.AsyncClient) -> None:
    answer = (await asked(gateway, HEADCOUNTS, **{"from": "2025-02-01"}, at="2025-03-01"))["headcounts"]
    assert answer["complete"]
    assert [item["at"] for item in answer["items"]] == sorted((item["at"] for item in answer["items"]), reverse=True)
    told = {(item["fact"]["source"], item["fact"]["id"]): item for item in answer["items"]}
    assert told.keys() == {(fact.source, fact.id) for fact, _ in COUNTS}
    for fact, _ in COUNTS:
        item = told[fact.source, fact.id]
        roll = _roll(fact.source, fact.at_ms)
        counted = {line["sex"]: line for line in fact.data["counted"]}
        assert item["signedBy"] == fact.data["signed_by"]
        assert {line["sex"] for line in item["lines"]} == counted.keys() | roll.keys() - {""} | roll.keys()
        for line in item["lines"]:
            of = counted.get(line["sex"], {"present": 0, "absent": 0, "in_transit": 0})
            books = roll.get(line["sex"], {"custody": 0, "absence": 0, "transit": 0})
            expected = {"present": of["present"], "absent": of["absent"], "inTransit": of["in_transit"]}
            assert line["counted"] == {**expected, "total": sum(expected.values())}
            assert line["roll"] == {
                "total": books["custody"],
                "present": books["custody"] - books["absence"] - books["transit"],
                "absent": books["absence"],
                "inTransit": books["transit"],
            }
            assert line["difference"] == sum(expected.values()) - books["custody"]
        assert item["unreconciled"] == sum(abs(line["difference"]) for line in item["lines"])


async def test_figures_carry_what_the_latest_headcounts_do_not_agree_with(gateway: httpx.AsyncClient) -> None:
    latest = (await asked(gateway, HEADCOUNTS, at="2025-02-28"))["headcounts"]["items"]
    assert sorted(item["establishment"] for item in latest) == ["ep-001", "ep-002", "ep-003", "ep-066"]
    query = '{ population(at: "2025-02-28") { coverage { unreconciled { counted establishments persons } } } }'
    carried = (await asked(gateway, query))["population"]["coverage"]["unreconciled"]
    assert carried["counted"] == 4
    assert sorted(carried["establishments"]) == sorted(item["establishment"] for item in latest if item["unreconciled"])
    assert carried["persons"] == sum(item["unreconciled"] for item in latest) > 0


async def test_a_headcount_was_not_known_before_it_was_told(gateway: httpx.AsyncClient) -> None:
    first = min(recorded for _, recorded in COUNTS)
    before = datetime.fromtimestamp((first - 1) / 1000, UTC).isoformat()
    assert (await asked(gateway, HEADCOUNTS, at="2025-03-01", known={"time": before}))["headcounts"]["items"] == []


EXPLAINED = """query ($of: String) { headcounts(establishment: $of, from: "2025-02-01", at: "2025-03-01") {
  items { establishment at unreconciled explanations { kind at recordedAt fact { source id type } } } } }"""


async def test_what_could_explain_a_difference_is_told_to_that_establishment_alone(gateway: httpx.AsyncClient) -> None:
    own = (await said(gateway, EXPLAINED, "key-ep-001"))["data"]["headcounts"]["items"]
    assert {item["establishment"] for item in own} == {"ep-001"}
    for item in own:
        assert (item["explanations"] is None) == (item["unreconciled"] == 0)
        found = {(each["kind"], each["fact"]["source"], each["fact"]["id"]) for each in item["explanations"] or []}
        assert found == (_explained("ep-001", item["at"]) if item["unreconciled"] else set())
    assert {each["kind"] for item in own for each in item["explanations"] or []} == {
        "anomaly",
        "in_transit",
        "told_after",
    }
    refused = await said(gateway, EXPLAINED, of="ep-001")
    assert {error["extensions"]["code"] for error in refused["errors"]} == {"FORBIDDEN"}
    assert all(item["explanations"] is None for item in refused["data"]["headcounts"]["items"])


async def test_explanations_say_whether_there_are_more(
    gateway: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = EXPLAINED.replace("explanations {", "explanationsComplete explanations {")
    whole = (await said(gateway, query, "key-ep-001"))["data"]["headcounts"]["items"]
    counts = [len(item["explanations"] or []) for item in whole]
    assert [item["explanationsComplete"] for item in whole] == [
        True if item["unreconciled"] else None for item in whole
    ]
    most = max(counts) - 1
    monkeypatch.setattr(figures, "MAX_EXPLANATIONS", most)
    cut = (await said(gateway, query, "key-ep-001"))["data"]["headcounts"]["items"]
    assert [item["explanations"] for item in cut] == [
        item["explanations"] and item["explanations"][:most] for item in whole
    ]
    assert [item["explanationsComplete"] for item in cut if item["explanations"]] == [
        count <= most for count in counts if count
    ]
    assert most + 1 in counts


def _explained(establishment: str, at: str) -> set[tuple[str, str, str]]:
    moment = round(datetime.fromisoformat(at).timestamp() * 1000)
    names = {(p, one.offset): (one.message.source, one.message.id) for p, many in made().items() for one in many}
    anomalies: dict[tuple[str, str], int] = {}
    transits: dict[str, list[tuple[int, int, int, tuple[str, str]]]] = {}
    concerned = set()
    found = set()
    for row in slow().rows:
        entry, name = row.entry, names[row.partition, row.offset]
        if entry.effective_ms > moment:
            continue
        own = establishment in (entry.establishment, entry.counterparty)
        if entry.book == "anomaly" and own:
            key = (row.subject, entry.detail)
            anomalies[key] = anomalies.get(key, 0) + entry.stock_delta
        elif entry.book == "transit":
            transits.setdefault(row.subject, []).append((entry.effective_ms, -row.offset, entry.stock_delta, name))
            concerned |= {row.subject} if own else set()
        elif entry.book == "custody" and entry.establishment == establishment and row.recorded_ms > moment:
            found.add(("told_after", *name))
    for (_, detail), stands in anomalies.items():
        if stands:
            found.add(("anomaly", *detail.split("|", 2)[1:]))
    for subject in concerned:
        told = transits[subject]
        if sum(one[2] for one in told):
            found.add(("in_transit", *max(one for one in told if one[2] > 0)[3]))
    return found
