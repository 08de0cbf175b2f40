"""Ingest as a process of its own, asked over HTTP and Kafka, with a real broker."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from deploy.local.home import free_ports
from services.ingest.flooding import LIMIT
from services.ingest.subscribers import GROUP
from services.ingest.tokens import Tokeniser
from shared.contracts.facts import QUARANTINED, RECORDED, TICK
from shared.contracts.topics import DEAD_LETTER, FACTS, INBOUND, partition_of
from shared.reference.catalogue import load
from tests.contract.examples import IDENTIFIERS, accepted, refused
from tests.support.topics import TopicReader, topic_reader

ROOT = Path(__file__).parents[2]
KEY = "ab" * 32
SPEAKERS = [*load().establishments, *load()["supervision_unit"], "inpe"]


@dataclass(frozen=True)
class Running:
    """An ingest that answers: its address and the file that it logs to."""

    address: str
    log: Path


@pytest.fixture(scope="module")
def ingest(kafka_address: str, valkey_address: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    port = free_ports()["ingest"]
    log = tmp_path_factory.mktemp("ingest") / "ingest.log"
    environment = {
        **os.environ,
        "SIEP_KAFKA": kafka_address,
        "SIEP_REDIS": valkey_address.removesuffix("0") + "1",  # what others left blocked is not blocked here
        "SIEP_PORT": str(port),
        "SIEP_TOKEN_KEY": KEY,
        "SIEP_CLICKHOUSE": "http://127.0.0.1:1",  # nobody: facts are taken without the journal
        "SIEP_CLICKHOUSE_PASSWORD": "none",
        "SIEP_INGEST_KEYS": json.dumps({name: hashlib.sha256(f"key-{name}".encode()).hexdigest() for name in SPEAKERS}),
    }
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-m", "services.ingest"], cwd=ROOT, env=environment, stderr=file)
    try:
        address = f"http://127.0.0.1:{port}"
        transport = httpx.HTTPTransport(retries=6)  # waits 0.5, 1, 2, 4, 8 s while nobody listens yet
        with httpx.Client(transport=transport) as client:
            assert client.get(f"{address}/health").json()["ready"] is True
        yield Running(address, log)
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
async def topics(kafka_address: str, ingest: Running) -> AsyncIterator[TopicReader]:
    async with topic_reader(kafka_address) as reader:
        yield reader


@pytest.fixture
async def client(ingest: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=ingest.address, timeout=30) as client:
        yield client


async def _post(client: httpx.AsyncClient, speaker: str, body: Any, kind: str = "x-ndjson") -> httpx.Response:
    headers = {"authorization": f"Bearer key-{speaker}", "content-type": f"application/{kind}"}
    return await client.post("/v1/facts", content=body, headers=headers)


def _source(message: bytes) -> str:
    return str(json.loads(message)["source"])


async def test_single_batch_and_lines_leave_the_same_records(client: httpx.AsyncClient, topics: TopicReader):
    message = accepted()["release/acquitted"]
    for kind, body in [
        ("cloudevents+json", message),
        ("cloudevents-batch+json", b"[%s]" % message),
        ("x-ndjson", message),
    ]:
        assert (await _post(client, "ep-022", body, kind)).status_code == 202
    records = await topics.records(FACTS.name)
    assert len({record.value for record in records}) == 1
    assert len(records) == 3


async def test_every_example_sent_twice_is_in_the_log_twice_in_the_partition_of_its_subject(
    client: httpx.AsyncClient, topics: TopicReader
):
    for message in accepted().values():
        for _ in range(2):
            answer = await _post(client, _source(message), message)
            assert answer.status_code == 202, answer.text
    records = await topics.records(FACTS.name)
    assert len(records) == 2 * len(accepted())
    for record in records:
        recorded = json.loads(record.value)
        RECORDED[recorded["type"]].model_validate_json(record.value)
        assert record.key.decode() == recorded["subject"]
        assert record.partition == partition_of(recorded["subject"])
        assert record.timestamp_type == 1, "the log is stamped by the broker"
    assert len({(json.loads(record.value)["source"], json.loads(record.value)["id"]) for record in records}) == len(
        accepted()
    )


async def test_bad_lines_among_good_ones(client: httpx.AsyncClient, topics: TopicReader):
    cases = {name: case for name, case in refused().items() if _source_or(case.message) == "ep-022"}
    good = accepted()["release/acquitted"]
    lines = [line for case in cases.values() for line in (good, case.message)]
    answer = await _post(client, "ep-022", b"\n".join([*lines, good]))
    assert answer.status_code == 207
    receipt = answer.json()
    told = [(line["line"], line["outcome"], line["field"], line["code"]) for line in receipt["refused"]]
    assert told == [(2 * n, c.outcome, c.field, c.code) for n, c in enumerate(cases.values(), 1)]
    assert receipt["accepted"] == len(cases) + 1
    types = [json.loads(record.value)["type"] for record in await topics.records(FACTS.name)]
    assert types.count(QUARANTINED) == receipt["quarantined"] == len(await topics.records(DEAD_LETTER.name))
    assert types.count("siep.release.v1") == receipt["accepted"]


def _source_or(message: bytes) -> str:
    return str(json.loads(message).get("source", ""))


async def test_a_long_stream_is_taken_in_pieces_and_stops_after_a_thousand_bad_lines(
    client: httpx.AsyncClient, topics: TopicReader
):
    good = accepted()["release/acquitted"] + b"\n"

    async def stream() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield good * 100
        yield b"no json\n" * 1_500
        yield good

    answer = await _post(client, "ep-022", stream())
    receipt = answer.json()
    assert (receipt["accepted"], receipt["rejected"], receipt["resume_from_line"]) == (10_000, 1_000, 11_001)
    assert len(await topics.records(FACTS.name)) == 10_000


async def test_the_key_of_another_establishment_opens_nothing(client: httpx.AsyncClient, topics: TopicReader):
    message = accepted()["release/acquitted"]
    answer = await _post(client, "ep-045", message)
    assert (answer.status_code, answer.json()["refused"][0]["code"]) == (207, "not_yours")
    assert (await _post(client, "nobody", message)).status_code == 401
    assert await topics.records(FACTS.name) == []


async def test_the_kafka_door_leaves_what_the_http_door_leaves(
    client: httpx.AsyncClient, topics: TopicReader, kafka_address: str
):
    messages = [*accepted().values(), *(case.message for case in refused().values()), b"\xff not json"]
    speakers = [_source_or(message) if message.startswith(b"{") else "ep-022" for message in messages]
    speakers = [speaker or "ep-022" for speaker in speakers]
    for speaker, message in zip(speakers, messages, strict=True):
        await _post(client, speaker, message)
    by_http = await topics.records(FACTS.name)
    producer = AIOKafkaProducer(bootstrap_servers=kafka_address)
    await producer.start()
    for speaker, message in zip(speakers, messages, strict=True):
        await producer.send(INBOUND.name, message, speaker.encode())
    await producer.stop()
    await _until_committed(kafka_address, topics)
    records = await topics.records(FACTS.name)
    assert sorted(map(_without_time, records)) == sorted(2 * list(map(_without_time, by_http)))
    letters = [dict(letter.headers) for letter in await topics.records(DEAD_LETTER.name)]
    rejected = [letter["code"].decode() for letter in letters if letter["outcome"] == b"rejected"]
    expected = [case.code for case in refused().values() if case.outcome == "rejected"]
    assert sorted(rejected) == sorted([*expected, "json_invalid"])


def _without_time(record: Any) -> str:
    recorded = json.loads(record.value)
    if recorded["type"] == QUARANTINED:  # its time is that of the decision
        recorded.pop("time")
    return json.dumps(recorded)


async def _until_committed(kafka_address: str, topics: TopicReader) -> None:
    """Wait until ingest has committed all of the inbound topic: it does that only when the log has the rest."""
    group = AIOKafkaConsumer(bootstrap_servers=kafka_address, group_id=GROUP, enable_auto_commit=False)
    await group.start()
    places = [TopicPartition(INBOUND.name, number) for number in range(INBOUND.partitions)]
    try:
        async with asyncio.timeout(30):
            while sum([await group.committed(place) or 0 for place in places]) < await topics.end(INBOUND.name):  # noqa: ASYNC110 - the broker tells nobody of a commit
                await asyncio.sleep(0.05)
    finally:
        await group.stop()


async def test_no_raw_identifier_is_in_the_log_of_record_in_any_answer_or_in_any_log_line(
    client: httpx.AsyncClient, topics: TopicReader, ingest: Running
):
    answers = []
    for message in [*accepted().values(), *(case.message for case in refused().values())]:
        assert IDENTIFIERS.search(message.decode()) or "person" not in json.loads(message)["data"]
        answers.append(await _post(client, _source_or(message) or "ep-022", message))
    records = await topics.records(FACTS.name)
    assert len(records) > len(accepted())
    for record in records:
        assert not IDENTIFIERS.search(record.value.decode() + record.key.decode())
    for answer in answers:
        assert not IDENTIFIERS.search(answer.text)
    text = ingest.log.read_text()
    assert "Uvicorn running" in text
    assert not IDENTIFIERS.search(text)


async def test_a_flood_of_bad_ones_stops_no_partition_and_blocks_its_source_alone_until_it_is_released(
    client: httpx.AsyncClient, topics: TopicReader, kafka_address: str, ingest: Running
):
    good = accepted()["release/acquitted"]
    of_the_flooder = good.replace(b"ep-022", b"ep-001")
    bad = json.dumps({**json.loads(of_the_flooder), "time": "yesterday"}).encode()
    async with AIOKafkaProducer(bootstrap_servers=kafka_address) as producer:
        for _ in range(LIMIT + 1):
            await producer.send(INBOUND.name, bad, b"ep-001", partition=0)
        await producer.send(INBOUND.name, good, b"ep-022", partition=0)
        await producer.flush()
        await _until_committed(kafka_address, topics)
        await producer.send_and_wait(INBOUND.name, of_the_flooder, b"ep-001", partition=0)
        await producer.send_and_wait(INBOUND.name, good, b"ep-022", partition=0)
        await _until_committed(kafka_address, topics)
    recorded = Counter(json.loads(record.value)["type"] for record in await topics.records(FACTS.name))
    assert recorded["siep.release.v1"] == 2, "what others sent behind the flood"
    assert recorded[QUARANTINED] <= LIMIT + 1
    last = (await topics.records(DEAD_LETTER.name))[-1]
    assert (last.value, dict(last.headers)["code"]) == (of_the_flooder, b"blocked")
    assert '"source blocked"' in ingest.log.read_text()
    assert (await client.get("/health")).json() == {"ready": True, "blocked": 1}
    answer = await _post(client, "ep-001", of_the_flooder)
    assert (answer.status_code, answer.headers["content-type"]) == (403, "application/problem+json")
    assert (await _post(client, "ep-022", good)).status_code == 202
    released = await client.delete("/v1/blocks/ep-001", headers={"authorization": "Bearer key-inpe"})
    assert released.json() == {"blocked": {}}
    assert (await _post(client, "ep-001", of_the_flooder)).status_code == 202


async def test_without_the_journal_facts_are_taken_and_only_receipts_wait(client: httpx.AsyncClient):
    assert (await _post(client, "ep-022", accepted()["release/acquitted"])).status_code == 202
    headers = {"authorization": "Bearer key-ep-022"}
    for path in ("/v1/facts/a", "/v1/receipts?from=2026-01-01&to=2026-02-01"):
        answer = await client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert int(answer.headers["retry-after"]) > 0
    assert (await client.get("/health")).json() == {"ready": True, "blocked": 0}


async def test_the_tokens_are_those_of_the_key(client: httpx.AsyncClient, topics: TopicReader):
    await _post(client, "ep-022", accepted()["release/acquitted"])
    [record] = await topics.records(FACTS.name)
    assert record.key.decode() == Tokeniser(bytes.fromhex(KEY)).person("dni", "00000017")


async def test_every_partition_had_a_tick(kafka_address: str, ingest: Running):
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka_address, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(FACTS.name, number) for number in range(FACTS.partitions)])
    ticked: set[int] = set()
    try:
        async with asyncio.timeout(30):
            while len(ticked) < FACTS.partitions:
                batches = await consumer.getmany(timeout_ms=1_000)
                values = [json.loads(r.value) for batch in batches.values() for r in batch if r.key == b"tick"]
                ticked |= {value["data"]["partition"] for value in values if value.get("type") == TICK}
    finally:
        await consumer.stop()
    assert ticked == set(range(FACTS.partitions))


def test_without_its_settings_it_says_which_are_missing():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SIEP_")}
    done = subprocess.run(
        [sys.executable, "-m", "services.ingest"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "SIEP_TOKEN_KEY" in done.stderr
    assert "SIEP_INGEST_KEYS" in done.stderr
