"""The laws of the ledger, each broken on purpose."""

from __future__ import annotations

import httpx
import pytest

from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.figures import ClickHouseFigures
from shared.domain.laws import LAWS, SAMPLES
from shared.runtime.settings import Settings
from tests.support.gateway import JOURNAL, asked

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
        await client.command("CREATE TABLE journal_samples AS journal_3")
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
