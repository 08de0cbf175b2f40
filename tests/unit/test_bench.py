"""What `make bench` concludes from what it measured."""

from __future__ import annotations

import httpx
import pytest

from deploy.bench.doors import LINES_PER_REQUEST, batches
from deploy.bench.figures import Figure
from deploy.bench.lives import LENGTHS, growth_of
from deploy.bench.probes import percentile
from deploy.bench.remembering import remembering


def test_a_cost_fails_only_beyond_twice_its_budget() -> None:
    assert not Figure("cost", 28, "µs", 14).failed
    assert Figure("cost", 28.1, "µs", 14).failed


def test_a_rate_fails_only_below_half_its_budget() -> None:
    assert not Figure("rate", 4_000, "facts/s", 8_000, at_least=True).failed
    assert Figure("rate", 3_999, "facts/s", 8_000, at_least=True).failed
    assert Figure("rate", 0, "facts/s", 8_000, at_least=True).failed


def test_a_figure_without_a_budget_never_fails() -> None:
    explaining = Figure("of it", 1e9, "µs")
    assert not explaining.failed
    assert explaining.row() == ("of it", "1,000,000,000 µs", "", "")


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (0, 1)])
def test_a_percentile_is_a_value_that_was_measured(percent: int, expected: int) -> None:
    assert percentile(range(100, 0, -1), percent) == expected


def test_the_99th_of_a_few_is_the_slowest() -> None:
    assert percentile([0.1, 3.0, 0.2], 99) == 3.0


def test_growth_is_judged_by_the_two_longest_histories() -> None:
    shortest, shorter, longest = LENGTHS
    linear = growth_of({shortest: 9.0, shorter: 1.0, longest: longest / shorter})
    assert linear.ratio == 1
    quadratic = growth_of({shortest: 1.0, shorter: 1.0, longest: (longest / shorter) ** 2})
    assert quadratic.failed


def test_batches_keep_each_establishments_facts_in_order_and_apart() -> None:
    said = [(source, f"{source}-{number}".encode()) for number in range(LINES_PER_REQUEST + 1) for source in ("a", "b")]
    made = batches("http://127.0.0.1:1", {"a": "key-a", "b": "key-b"}, said)
    assert [one.facts for one in made] == [LINES_PER_REQUEST, 1, LINES_PER_REQUEST, 1]
    head, _, body = made[0].content.partition(b"\r\n\r\n")
    assert b"Bearer key-a" in head
    assert b"Content-Length: %d" % len(body) in head
    assert body.split() == [line for source, line in said if source == "a"][:LINES_PER_REQUEST]


async def test_an_engine_is_asked_once_whatever_the_query_is_called() -> None:
    asked: list[httpx.Request] = []

    def engine(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, text=f"answer {len(asked)}", headers={"x-clickhouse-format": "TSV"})

    engine_client = httpx.AsyncClient(base_url="http://engine", transport=httpx.MockTransport(engine))
    transport = httpx.ASGITransport(remembering(engine_client))
    async with engine_client, httpx.AsyncClient(base_url="http://memory", transport=transport) as client:

        async def ask(day: str, name: str, text: str = "SELECT 1") -> httpx.Response:
            parameters = {"param_day": day, "query_id": name}
            return await client.post("/", params=parameters, content=text, headers={"authorization": "Basic key"})

        first, again = await ask("2026-01-31", "a"), await ask("2026-01-31", "b")
        others = await ask("2026-02-28", "c"), await ask("2026-01-31", "d", "SELECT 2")
    assert (first.text, again.text, *(other.text for other in others)) == (
        "answer 1",
        "answer 1",
        "answer 2",
        "answer 3",
    )
    assert first.headers["x-clickhouse-format"] == "TSV"
    assert asked[0].headers["authorization"] == "Basic key"
    assert (asked[2].url.params["param_day"], asked[2].content) == ("2026-01-31", b"SELECT 2")
