"""GraphQL over HTTP against the running gateway, on a real engine."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import uvicorn
from pydantic import SecretStr

from services.gateway.app import build
from services.gateway.pages import examples
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.adapters.clickhouse.journal import ClickHouseJournal
from shared.domain.laws import LAWS, SAMPLES
from shared.domain.measures import MEASURES
from shared.reference.catalogue import load
from shared.runtime.clock import FixedClock
from shared.runtime.settings import GatewaySettings, Settings
from tests.support.slow_count import SlowCount
from tests.support.small_ledger import consumed, rows_of, write

JOURNAL = "journal_gateway"
TOKEN = "a-token-of-the-tests"
KEYS = {name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in ("ep-001", "ep-002", "ml-lima", "inpe")}
MADE = consumed(11, 120)
SLOW = SlowCount(rows_of(MADE))
TODAY = datetime(2025, 3, 1, 2, tzinfo=UTC)  # still 28 February in Lima


@pytest.fixture(scope="module")
async def gateway(
    clickhouse_settings: Settings, valkey_address: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[httpx.AsyncClient]:
    async with await connect_async(clickhouse_settings) as client:
        await client.command(f"CREATE TABLE {JOURNAL} AS journal_2")
        await write(ClickHouseJournal(client, JOURNAL), MADE)
        told = {
            **clickhouse_settings.model_dump(),
            "kafka": "127.0.0.1:1",  # nobody: figures and receipts are told without the log
            "redis": valkey_address,
            "exports_dir": tmp_path_factory.mktemp("exports"),
        }
        settings = GatewaySettings(**told, statistician_token=SecretStr(TOKEN), ingest_keys=KEYS)
        server = uvicorn.Server(uvicorn.Config(build(settings, FixedClock(TODAY), JOURNAL), log_level="warning"))
        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            running = asyncio.create_task(server.serve([listening]))
            async with httpx.AsyncClient(base_url=address, timeout=60) as asking:
                await _answers(asking)
                yield asking
            server.should_exit = True
            await running
        await client.command(f"DROP TABLE {JOURNAL}")


async def _answers(asking: httpx.AsyncClient) -> None:
    async with asyncio.timeout(30):
        while True:
            try:
                answer = await asking.get("/health")
            except httpx.TransportError:
                await asyncio.sleep(0.02)
                continue
            assert answer.json() == {"status": "ok"}
            return


async def said(gateway: httpx.AsyncClient, query: str, token: str = TOKEN, **variables: Any) -> dict[str, Any]:
    answer = await gateway.post(
        "/graphql", json={"query": query, "variables": variables}, headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def asked(gateway: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await said(gateway, query, **variables)
    assert "errors" not in answer, answer
    return answer["data"]  # type: ignore[no-any-return]


async def refused(gateway: httpx.AsyncClient, query: str, **variables: Any) -> dict[str, Any]:
    answer = await said(gateway, query, **variables)
    (error,) = answer["errors"]
    return error  # type: ignore[no-any-return]


async def test_a_table_names_its_columns_members_totals_and_what_it_rests_on(gateway: httpx.AsyncClient) -> None:
    answer = await asked(
        gateway,
        """{ population(by: [SEX, PRINTED_STATUS]) {
            question columns { key label { es en } type unit members } rows totals
            provenance { position recordedUntil provisional catalogueVersion ledgerVersion } coverage { establishments }
        } }""",
    )
    table = answer["population"]
    today = TODAY.date().replace(month=2, day=28)
    expected = SLOW.stock("custody", ("sex", "printed_status"), {}, today)  # type: ignore[arg-type]
    assert {tuple(row[:2]): row[2] for row in table["rows"]} == expected
    assert table["totals"] == [[sum(expected.values())]]
    assert table["question"]["at"] == "2025-02-28"
    assert [column["key"] for column in table["columns"]] == ["sex", "printed_status", "population"]
    assert table["columns"][0]["members"]["female"] == {"es": "Mujer", "en": "Female"}
    assert list(table["columns"][0]["members"]) == ["male", "female", ""]
    assert table["columns"][2] == {
        "key": "population",
        "label": {"es": "Población penal", "en": "Prison population"},
        "type": "integer",
        "unit": "persons",
        "members": None,
    }
    offsets = "-".join(str(len(MADE[partition])) for partition in range(9))
    assert table["provenance"]["position"] == f"p1.2.{offsets}"
    assert table["provenance"]["catalogueVersion"] == load().version
    assert table["provenance"]["provisional"] is False
    assert table["coverage"]["establishments"] == ["ep-001", "ep-002", "ep-003"]


async def test_every_measure_has_a_field_of_its_name(gateway: httpx.AsyncClient) -> None:
    fields = [_field(name.value, spec.kind) for name, spec in MEASURES.items()]
    for few in (fields[:8], fields[8:16], fields[16:]):
        answer = await asked(gateway, "{" + " ".join(few) + "}")
        assert all(table["totals"] for table in answer.values())


def _field(name: str, kind: str) -> str:
    first, *others = name.split("_")
    time = "" if kind in ("stock", "crowding") else '(from: "2025-01-01", to: "2025-02-01")'
    return f"{first}{''.join(word.title() for word in others)}{time} {{ totals }}"


@pytest.mark.parametrize("name", sorted(examples()))
async def test_every_example_runs(gateway: httpx.AsyncClient, name: str) -> None:
    await asked(gateway, examples()[name])


async def test_asking_again_with_the_position_gives_the_same(gateway: httpx.AsyncClient) -> None:
    query = """query Again($known: AsKnownAt) {
        admissions(from: "2025-01-01", to: "2025-03-01", interval: MONTH, by: [OFFENCE], asKnownAt: $known)
        { rows totals provenance { position } }
    }"""
    known = {"time": "2025-02-10T12:00:00-05:00"}
    first = (await asked(gateway, query, known=known))["admissions"]
    position = {"position": first["provenance"]["position"]}
    assert (await asked(gateway, query, known=position))["admissions"] == first
    assert first["rows"] != (await asked(gateway, query))["admissions"]["rows"], "nothing came later"


async def test_figure_asks_in_one_piece_what_the_field_asks_in_many(gateway: httpx.AsyncClient) -> None:
    field = '{ tuberculosis(at: "2025-02-01", by: [CONDITION], where: [{dimension: SEX, codes: ["male"]}]) { rows } }'
    piece = "query Q($q: QuestionInput!) { figure(question: $q) { rows } }"
    question = {"measure": "TUBERCULOSIS", "at": "2025-02-01", "by": ["CONDITION"]}
    question["where"] = [{"dimension": "SEX", "codes": ["male"]}]  # type: ignore[assignment,list-item]
    assert (await asked(gateway, piece, q=question))["figure"] == (await asked(gateway, field))["tuberculosis"]


async def test_establishments_stand_as_they_stood(gateway: httpx.AsyncClient) -> None:
    query = """query Sites($at: Date!) { establishments(at: $at) { items {
        code name office { code label { es } } department { code label { es } } open population capacity occupancy excess critical
    } } crowding(at: $at, by: [ESTABLISHMENT]) { rows } }"""
    for at, office, is_open in (("2025-02-13", "lima", True), ("2025-02-14", "centro", False)):
        answer = await asked(gateway, query, at=at)
        sites = {site["code"]: site for site in answer["establishments"]["items"]}
        assert sites["ep-003"]["office"]["code"] == office
        assert sites["ep-003"]["department"] == {"code": "15", "label": {"es": "Lima"}}
        assert sites["ep-066"]["open"] is is_open
        assert sites["ep-002"]["capacity"] is None
        assert sites["ep-002"]["critical"] is None
        for code, population, capacity, excess, occupancy, _, critical in answer["crowding"]["rows"]:
            site = sites[code]
            assert [site["population"], site["capacity"] or 0] == [population, capacity]
            assert [site["excess"], site["occupancy"], site["critical"]] == [excess, occupancy, critical]
            assert capacity == 0 or critical is (5 * (population - capacity) > capacity)


async def test_catalogues_and_dimensions_tell_their_codes_in_both_languages(gateway: httpx.AsyncClient) -> None:
    answer = await asked(
        gateway,
        """{ catalogue(name: "liberty_type") { version entries { code label { es en } parent source } }
             dimensions(names: [SENTENCE_BAND]) { label { es en } members { code label { en } } }
             measures { name label { es } kind values { key unit } dimensions } }""",
    )
    assert {entry["code"] for entry in answer["catalogue"]["entries"]} == set(load()["liberty_type"])
    assert answer["dimensions"][0]["members"][0]["code"] == "0-5"
    assert {measure["name"] for measure in answer["measures"]} == {name.name for name in MEASURES}


@pytest.mark.parametrize(
    ("field", "code", "told"),
    [
        ('population(where: [{dimension: OFFENCE_GENERIC, codes: ["patrimonia"]}])', "UNKNOWN_MEMBER", "patrimonio"),
        ('admissions(by: [SEX], from: "2025-01-01")', "BAD_QUESTION", "give both"),
        ("admissions", "BAD_QUESTION", "give either at, or from and to"),
        ('admissions(from: "2025-02-01", to: "2025-01-01")', "BAD_QUESTION", "from must be before to"),
        ("population(by: [LIBERTY_TYPE])", "BAD_QUESTION", "population is not known by liberty_type"),
        ("population(by: [SEX, AGE_BAND, OFFENCE, SCHOOLING, OCCUPATION])", "BAD_QUESTION", "at most 4"),
        ('population(asKnownAt: {position: "p1.2.3"})', "BAD_QUESTION", "p1.<ledger version>"),
        ('population(asKnownAt: {position: "p1.2.9999-0-0-0-0-0-0-0-0"})', "UNKNOWN_POSITION", "lies ahead"),
        ('population(asKnownAt: {position: "p1.7.0-0-0-0-0-0-0-0-0"})', "UNKNOWN_POSITION", "no ledger known here"),
        ('population(asKnownAt: {time: "2025-01-01T00:00:00"})', "BAD_QUESTION", "timezone"),
        (
            'population(from: "2000-01-01", to: "2026-01-01", interval: DAY, by: [OFFENCE, RESIDENCE_DISTRICT])',
            "TOO_MANY_ROWS",
            "order an export",
        ),
        ('population(from: "2010-01-01", to: "2148-01-01", interval: DAY)', "TOO_MANY_ROWS", "the limit is 50000"),
    ],
)
async def test_a_question_that_cannot_be_answered_is_told_what_to_do(
    gateway: httpx.AsyncClient, field: str, code: str, told: str
) -> None:
    error = await refused(gateway, f"{{ {field} {{ rows }} }}")
    assert error["extensions"]["code"] == code, error
    assert told in error["message"], error


async def test_unknown_arguments_are_answered_with_what_exists(gateway: httpx.AsyncClient) -> None:
    assert "SEX" in (await refused(gateway, "{ population(by: [SEXO]) { rows } }"))["message"]
    assert "population" in (await refused(gateway, "{ poblation { rows } }"))["message"]
    assert "liberty_type" in (await refused(gateway, '{ catalogue(name: "liberty") { name } }'))["message"]


async def test_greedy_documents_are_refused(gateway: httpx.AsyncClient) -> None:
    aliases = " ".join(f"a{n}: population {{ totals }}" for n in range(21))
    assert "aliases" in (await refused(gateway, f"{{ {aliases} }}"))["message"]
    tokens = "{ population { " + "rows " * 2_001 + "} }"
    assert "token" in (await refused(gateway, tokens))["message"].lower()


@pytest.mark.parametrize("token", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x"])
async def test_nothing_is_told_without_the_token(gateway: httpx.AsyncClient, token: str) -> None:
    for method, path in (("POST", "/graphql"), ("GET", "/files/a/b"), ("POST", "/health"), ("GET", "/nowhere")):
        answer = await gateway.request(method, path, headers={"Authorization": token}, json={"query": "{ __typename }"})
        assert answer.status_code == 401, (method, path)
        assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


@pytest.mark.parametrize("key", ["key-ep-001", "key-ml-lima"])
@pytest.mark.parametrize(
    "query",
    [
        "{ population { totals } }",
        "{ figure(question: {measure: POPULATION}) { totals } }",
        "{ establishments { at } }",
        '{ catalogue(name: "sex") { version } }',
        '{ export(id: "a") { status } }',
        "mutation { orderExport(content: {question: {measure: POPULATION}}, format: CSV) { id } }",
        'mutation { cancelExport(id: "a") { id } }',
        "{ __typename mine: population { totals } }",
        "fragment Hidden on Query { population { totals } } { ... on Query { ...Hidden } }",
    ],
)
async def test_an_establishment_is_refused_what_is_not_its_own(gateway: httpx.AsyncClient, key: str, query: str):
    answer = await said(gateway, query, key)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "FORBIDDEN", "roles": ["statistician"]}
    assert "needs the role statistician; your key has the role establishment" in error["message"]
    assert answer["data"] in (None, {"export": None})


async def test_receipts_are_told_while_the_log_does_not_answer_and_say_so(gateway: httpx.AsyncClient):
    query = """{ receipts(from: "2024-01-01", to: "2026-01-01") { days { source sent counted difference }
        standing { waiting missing position } } }"""
    (told,) = (await said(gateway, query, "key-ep-001"))["data"].values()
    facts = [one for many in MADE.values() for one in many if one.message.source == "ep-001"]
    assert sum(day["sent"] for day in told["days"]) == len(facts) > 0
    assert {(day["source"], day["difference"]) for day in told["days"]} == {("ep-001", 0)}
    assert (told["standing"]["waiting"], told["standing"]["missing"]) == (None, 0)


async def test_an_establishment_may_ask_the_schema_and_nothing_beside_it(gateway: httpx.AsyncClient):
    assert (await said(gateway, "{ __typename }", "key-ep-001"))["data"] == {"__typename": "Query"}
    for method, path in (("GET", "/files/a/b"), ("POST", "/health"), ("GET", "/nowhere"), ("PUT", "/graphql")):
        answer = await gateway.request(method, path, headers={"Authorization": "Bearer key-ep-001"})
        assert answer.status_code == 403, (method, path)
        assert answer.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_the_key_of_inpe_asks_nothing(gateway: httpx.AsyncClient):
    body = {"query": "{ __typename }"}
    answer = await gateway.post("/graphql", json=body, headers={"Authorization": "Bearer key-inpe"})
    assert answer.status_code == 401


async def test_the_page_and_its_files_are_open_and_come_from_here(gateway: httpx.AsyncClient) -> None:
    page = await gateway.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert "//" not in page.text.replace("<!doctype", "")
    for name in ("react.js", "react-dom.js", "graphiql.js", "graphiql.css", "page.js", "examples.json"):
        file = await gateway.get(f"/graphiql/{name}")
        assert file.status_code == 200, name
        assert file.text
    assert len((await gateway.get("/graphiql/examples.json")).json()) == len(examples())
    assert (await gateway.get("/graphiql/../app.py")).status_code in (401, 404)
    assert (await gateway.get("/graphql?query={__typename}")).headers["content-type"].startswith("text/html")


async def test_graphiql_may_ask_for_the_whole_schema(gateway: httpx.AsyncClient) -> None:
    from graphql import build_client_schema, get_introspection_query

    schema = build_client_schema(await asked(gateway, get_introspection_query(input_value_deprecation=True)))
    assert schema.query_type
    assert "population" in schema.query_type.fields


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
    for many in MADE.values():
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
    for many in MADE.values()
    for one in many
    if one.message.fact and one.message.fact.kind == "headcount"
]


def _roll(establishment: str, at_ms: int) -> dict[str, dict[str, int]]:
    """Sex -> book -> how many, entry by entry up to a moment."""
    found: dict[str, dict[str, int]] = {}
    for row in SLOW.rows:
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


def _explained(establishment: str, at: str) -> set[tuple[str, str, str]]:
    moment = round(datetime.fromisoformat(at).timestamp() * 1000)
    names = {(p, one.offset): (one.message.source, one.message.id) for p, many in MADE.items() for one in many}
    anomalies: dict[tuple[str, str], int] = {}
    transits: dict[str, list[tuple[int, int, int, tuple[str, str]]]] = {}
    concerned = set()
    found = set()
    for row in SLOW.rows:
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


async def test_what_was_known_under_an_older_ledger_is_still_answered_from_it(
    gateway: httpx.AsyncClient, clickhouse_settings: Settings
) -> None:
    """A position told before the rules of the fold changed names its ledger, which is kept as it was."""
    query = (
        "query ($known: AsKnownAt) { population(asKnownAt: $known) { totals provenance { position ledgerVersion } } }"
    )
    old = {"position": "p1.1.0-0-0-1-0-0-0-0-0"}
    async with await connect_async(clickhouse_settings) as client:
        await client.command(
            "INSERT INTO journal_1 (partition, offset, line, seq, recorded_at, outcome, book, effective_at, stock_delta) "
            "VALUES (3, 0, 0, 1, '2025-02-01', 'counted', '', 0, 0), (3, 0, 1, 1, '2025-02-01', 'entry', 'custody', '2025-02-01', 7)"
        )
        try:
            answer = (await asked(gateway, query, known=old))["population"]
            refused = (await said(gateway, ANOMALIES, known=old))["errors"][0]
        finally:
            await client.command("TRUNCATE TABLE journal_1")
    assert answer == {"totals": [[7]], "provenance": {**old, "ledgerVersion": 1}}
    assert refused["extensions"]["code"] == "UNKNOWN_POSITION"
    assert "known from ledger 2 on" in refused["message"]


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
            {"measure": "POPULATION", "asKnownAt": {"position": "p1.2.0-0-0-0-0-0-0-0-0"}},
            "leave out question.asKnownAt",
        ),
    ],
)
async def test_a_history_is_of_one_number(gateway: httpx.AsyncClient, question: dict[str, Any], text: str) -> None:
    query = """query ($question: QuestionInput!) {
      figureHistory(question: $question, since: {time: "2025-01-01T00:00:00Z"}) { before } }"""
    assert text in (await said(gateway, query, question=question))["errors"][0]["message"]


LAW = "{ laws { hold items { code holds broken example label { es } } provenance { position } } }"


async def test_the_ledger_obeys_its_laws(gateway: httpx.AsyncClient) -> None:
    told = (await asked(gateway, LAW))["laws"]
    assert told["hold"]
    assert [item["code"] for item in told["items"]] == list(LAWS)
    assert all((item["holds"], item["broken"], item["example"]) == (True, 0, "") for item in told["items"])


@pytest.mark.parametrize(
    ("law", "columns", "example"),
    [
        ("no_negative_cell", "9, 'custody', 'release', '2025-03-01', 'ep-077', -1, 1", "custody ep-077 2025-02-28"),
        (
            "movements_are_the_change",
            "9, 'custody', 'admission', '2025-03-01', 'ep-077', 2, 1",
            "custody admission ep-077",
        ),
        ("reclassification_is_nil", "9, 'custody', 'reclassification', '2025-03-01', 'ep-077', 1, 0", "custody ep-077"),
        ("transfers_meet", "9, 'custody', 'transfer_in', '2025-03-01', 'ep-077', 1, 1", "custody  ep-077"),
        ("no_part_is_missing", "10000, 'custody', 'opening', '2025-03-01', 'ep-077', 1, 0", "partition 3"),
    ],
)
async def test_a_ledger_that_breaks_a_law_says_which(
    gateway: httpx.AsyncClient, clickhouse_settings: Settings, law: str, columns: str, example: str
) -> None:
    """An entry that the fold would never make."""
    async with await connect_async(clickhouse_settings) as client:
        await client.command(
            f"INSERT INTO {JOURNAL} (seq, book, cause, effective_at, establishment, stock_delta, flow_delta, partition, line, "
            f"recorded_at, outcome) VALUES ({columns}, 3, 1, '2025-03-02', 'entry')"
        )
        try:
            told = (await asked(gateway, LAW))["laws"]
        finally:
            await client.command(
                f"ALTER TABLE {JOURNAL} DELETE WHERE establishment = 'ep-077' SETTINGS mutations_sync = 1"
            )
    broken = {item["code"]: item for item in told["items"] if not item["holds"]}
    assert not told["hold"]
    assert broken[law]["broken"] == 1
    assert broken[law]["example"] == example


async def test_a_person_who_is_inside_twice_is_found_in_the_sample(clickhouse_settings: Settings) -> None:
    """Each person is in one of the samples."""
    async with await connect_async(clickhouse_settings) as client:
        await client.command("CREATE TABLE journal_samples AS journal_2")
        await client.command(
            "INSERT INTO journal_samples (partition, offset, line, outcome, book, cause, establishment, subject, effective_at, stock_delta, "
            "flow_delta, recorded_at) VALUES "
            "(1, 5, 1, 'entry', 'custody', 'admission', 'ep-001', 'k1:a', '2025-03-01', 1, 1, '2025-03-02'),"
            "(1, 6, 1, 'entry', 'custody', 'admission', 'ep-002', 'k1:a', '2025-03-01', 1, 1, '2025-03-02')"
        )
        figures = ClickHouseFigures(client, "journal_samples")
        found = [(await figures.laws(sample))[0] for sample in range(SAMPLES)]
        await client.command("DROP TABLE journal_samples")
    of_persons = [one for verdicts in found for one in verdicts if one.law == "persons_are_inside_once"]
    assert [one for one in of_persons if one.broken] == [("persons_are_inside_once", 1, "partition 1 offset 6")]
