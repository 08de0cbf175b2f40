"""GraphQL over HTTP against the running gateway, on a real engine."""

from __future__ import annotations

import httpx
import pytest

from services.gateway.pages import examples
from shared.adapters.clickhouse.discrepancies import moment_of
from shared.domain.measures import MEASURES
from shared.reference.catalogue import load
from tests.support.gateway import TODAY, TOKEN, asked, made, refused, said, slow


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
    expected = slow().stock("custody", ("sex", "printed_status"), {}, today)  # type: ignore[arg-type]
    assert {tuple(row[:2]): row[2] for row in table["rows"]} == expected
    assert table["totals"] == [[sum(expected.values())]]
    assert table["question"]["at"] == "2026-02-28"
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
    offsets = "-".join(str(len(made()[partition])) for partition in range(9))
    assert table["provenance"]["position"] == f"p1.3.{offsets}"
    assert table["provenance"]["catalogueVersion"] == load().version
    assert table["provenance"]["provisional"] is False
    assert table["coverage"]["establishments"] == ["ep-001", "ep-002", "ep-003"]


async def test_coverage_says_who_is_silent_since_when(gateway: httpx.AsyncClient) -> None:
    """By what each told itself, so what `inpe` says of it is no sign of life; the closed one is not named."""
    asks = "population%s { provenance { position } coverage { establishments lastHeard { establishment at } } }"
    now = (await asked(gateway, "{" + asks % "" + "}"))["population"]
    told: dict[str, int] = {}
    for one in (one for many in made().values() for one in many):
        told[one.message.source] = max(one.recorded_at_ms, told.get(one.message.source, 0))
    sites = sorted(now["coverage"]["establishments"], key=lambda site: (told[site], site))
    assert [said["establishment"] for said in now["coverage"]["lastHeard"]] == sites
    assert [said["at"] for said in now["coverage"]["lastHeard"]] == [moment_of(told[site]) for site in sites]
    nobody = f"p1.3.{'-'.join('0' * 9)}"
    then = await asked(gateway, "{" + asks % f'(asKnownAt: {{ position: "{nobody}" }})' + "}")
    assert then["population"]["coverage"] == {"establishments": [], "lastHeard": []}


async def test_every_measure_has_a_field_of_its_name(gateway: httpx.AsyncClient) -> None:
    fields = [_field(name.value, spec.kind) for name, spec in MEASURES.items()]
    for few in (fields[:8], fields[8:16], fields[16:]):
        answer = await asked(gateway, "{" + " ".join(few) + "}")
        assert all(table["totals"] for table in answer.values())


def _field(name: str, kind: str) -> str:
    first, *others = name.split("_")
    time = "" if kind in ("stock", "crowding") else '(from: "2025-01-01", to: "2025-02-01")'
    return f"{first}{''.join(word.title() for word in others)}{time} {{ totals }}"


async def test_every_question_that_is_no_measure_has_an_example(gateway: httpx.AsyncClient) -> None:
    answer = await asked(gateway, "{ __schema { queryType { fields { name } } } }")
    fields = {field["name"] for field in answer["__schema"]["queryType"]["fields"]}
    measures = {_field(name.value, spec.kind).partition("(")[0].split()[0] for name, spec in MEASURES.items()}
    needless = {"figure", "export"}  # asks for a measure too; needs the id that an order gives
    assert {
        name for name in fields - measures - needless if not any(name in text for text in examples().values())
    } == set()


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
        (
            'population(at: "2026-03-01")',
            "BAD_QUESTION",
            "at: 2026-03-01 has yet to come; the last day that can be asked",
        ),
        ('population(asKnownAt: {position: "p1.3.3"})', "BAD_QUESTION", "p1.<ledger version>"),
        ('population(asKnownAt: {position: "p1.3.9999-0-0-0-0-0-0-0-0"})', "UNKNOWN_POSITION", "lies ahead"),
        ('population(asKnownAt: {position: "p1.7.0-0-0-0-0-0-0-0-0"})', "UNKNOWN_POSITION", "no ledger known here"),
        ('population(asKnownAt: {time: "2025-01-01T00:00:00"})', "BAD_QUESTION", "timezone"),
        ('population(asKnownAt: {time: "0001-01-01T00:00:00+14:00"})', "BAD_QUESTION", "1995-01-01T00:00:00Z"),
        ('population(asKnownAt: {time: "9999-12-31T23:59:59-05:00"})', "BAD_QUESTION", "2148-12-31T00:00:00Z"),
        (
            'population(from: "2000-01-01", to: "2026-01-01", interval: DAY, by: [OFFENCE, RESIDENCE_DISTRICT])',
            "TOO_MANY_ROWS",
            "order an export",
        ),
        ('population(from: "2010-01-01", to: "2148-01-01", interval: DAY)', "TOO_MANY_ROWS", "the limit is 50000"),
        (
            'population(from: "1969-06-01", to: "2026-01-01", interval: YEAR)',
            "BAD_QUESTION",
            "days lie between 1995-01-01 and 2148-12-31",
        ),
    ],
)
async def test_a_question_that_cannot_be_answered_is_told_what_to_do(
    gateway: httpx.AsyncClient, field: str, code: str, told: str
) -> None:
    error = await refused(gateway, f"{{ {field} {{ rows }} }}")
    assert error["extensions"]["code"] == code, error
    assert told in error["message"], error


async def test_what_is_asked_beside_a_refused_question_is_answered(gateway: httpx.AsyncClient) -> None:
    good = "good: population(by: [SEX]) { rows totals }"
    answer = await said(gateway, f"{{ bad: admissions {{ rows }} {good} }}")
    assert answer["data"] == {"bad": None, **await asked(gateway, f"{{ {good} }}")}
    (error,) = answer["errors"]
    assert (error["path"], error["extensions"]["code"]) == (["bad"], "BAD_QUESTION")


async def test_every_field_that_can_be_refused_can_be_null(gateway: httpx.AsyncClient) -> None:
    """Else a refusal would take with it what was asked beside it."""
    of_roots = "fields { name type { kind } }"
    answer = await asked(gateway, f"{{ __schema {{ queryType {{ {of_roots} }} mutationType {{ {of_roots} }} }} }}")
    fields = [field for root in answer["__schema"].values() for field in root["fields"]]
    assert len(fields) > len(MEASURES)
    assert [field["name"] for field in fields if field["type"]["kind"] == "NON_NULL"] == []


@pytest.mark.parametrize("field", ["establishments", "headcounts", "crowding"])
async def test_no_field_answers_for_a_day_that_has_yet_to_come(gateway: httpx.AsyncClient, field: str) -> None:
    for day in ("2026-02-28", "2026-03-01"):
        query = f'{{ {field}(at: "{day}") {{ provenance {{ position }} }} }}'
        answer = await said(gateway, query)
        assert ("errors" in answer) == (day == "2026-03-01"), answer
    assert "today in Lima, 2026-02-28" in answer["errors"][0]["message"]


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
    assert (await gateway.head("/graphql", headers={"Authorization": token})).status_code == 401, "the page has no HEAD"


@pytest.mark.parametrize("key", ["key-ep-001", "key-ml-lima"])
@pytest.mark.parametrize(
    "query",
    [
        "{ population { totals } }",
        "{ figure(question: {measure: POPULATION}) { totals } }",
        "{ establishments { at } }",
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
    told = {name: said for name, said in answer["data"].items() if name != "__typename"}
    assert list(told.values()) == [None]


async def test_an_establishment_may_look_up_codes(gateway: httpx.AsyncClient):
    query = """{ catalogue(name: "civil_status") { entries { code } } measures { name } dimensions { name } }"""
    answer = (await said(gateway, query, "key-ep-001"))["data"]
    assert {entry["code"] for entry in answer["catalogue"]["entries"]} == set(load()["civil_status"])
    assert answer["measures"]
    assert answer["dimensions"]


async def test_receipts_are_told_while_the_log_does_not_answer_and_say_so(gateway: httpx.AsyncClient):
    query = """{ receipts(from: "2024-01-01", to: "2026-01-01") { days { source sent counted difference }
        standing { waiting missing position } } }"""
    (told,) = (await said(gateway, query, "key-ep-001"))["data"].values()
    facts = [one for many in made().values() for one in many if one.message.source == "ep-001"]
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
