"""The local stack keeps what it promises: whatever is killed comes back, `down` leaves nothing, data outlive both."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from redis import Redis

from deploy.local import jars
from deploy.local import stack as stack_module
from deploy.local.home import Home, StackError, free_ports
from deploy.local.stack import Stack
from deploy.local.supervision import ROOT
from shared.adapters.clickhouse.client import connect
from shared.contracts.topics import FACTS, TOPICS
from shared.runtime.settings import Settings
from tests.support.stack import RunningStack, local_stack

PARTS = ("kafka", "clickhouse", "valkey")
pytestmark = pytest.mark.stack


@pytest.fixture(scope="module")
def running() -> Iterator[RunningStack]:
    with local_stack(*PARTS) as stack:
        yield stack


def until(condition: Callable[[], bool], *, seconds: float = 30) -> None:
    limit = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < limit, "it did not become true in time"
        time.sleep(0.05)


def all_well(running: RunningStack) -> bool:
    return all(running.process(name).state == "ok" for name in PARTS)


async def test_the_topics_are_those_of_the_contract(running):
    admin = AIOKafkaAdminClient(bootstrap_servers=running.environment["SIEP_KAFKA"])
    await admin.start()
    try:
        described = {topic["topic"]: len(topic["partitions"]) for topic in await admin.describe_topics()}
        [response] = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, FACTS.name)])
    finally:
        await admin.close()
    assert described == {topic.name: topic.partitions for topic in TOPICS}
    [resource] = response.resources
    settings = {entry[0]: entry[1] for entry in resource[4]}
    assert settings["retention.ms"] == settings["retention.bytes"] == "-1"
    assert settings["message.timestamp.type"] == "LogAppendTime"
    assert settings["cleanup.policy"] == "delete"
    assert settings["unclean.leader.election.enable"] == "false"


def test_valkey_evicts_nothing_and_writes_everything_down(running):
    with Redis.from_url(running.environment["SIEP_REDIS"]) as client:
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        assert client.config_get("appendonly") == {"appendonly": "yes"}


def test_secrets_are_for_the_owner_alone_and_stay(running):
    home = running.stack.home
    before = running.environment
    assert home.env_file.stat().st_mode & 0o777 == 0o600
    assert home.write_environment(home.ports()) == before
    assert running.ingest_key("inpe") != running.ingest_key("ep-066")


def test_the_environment_file_is_what_a_shell_reads(running):
    script = f'set -a; . "{running.stack.home.env_file}"; env -0'
    shell = subprocess.run(["/bin/sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    read = dict(line.split("=", 1) for line in shell.stdout.split("\0") if line)
    assert running.environment.items() <= read.items()


@pytest.mark.parametrize("name", PARTS)
def test_what_is_killed_comes_back(running, name):
    before = running.process(name).pid
    running.kill(name)
    until(lambda: running.process(name).pid not in (None, before) and running.process(name).state == "ok")


async def test_data_outlive_a_restart_and_a_killed_supervisor(running):
    kafka = running.environment["SIEP_KAFKA"]
    producer = AIOKafkaProducer(bootstrap_servers=kafka, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        await producer.send_and_wait(FACTS.name, b"kept", partition=3)
    finally:
        await producer.stop()
    with Redis.from_url(running.environment["SIEP_REDIS"]) as client:
        client.set("kept", "here")
    with connect(running.settings(Settings)) as client:
        client.command("CREATE TABLE kept (n UInt8) ENGINE = MergeTree ORDER BY n")
        client.command("INSERT INTO kept VALUES (7)")

    ports = running.stack.home.ports()
    family = running.stack._supervisor.recorded()
    supervisor = int((running.stack.home.run / "supervisord.pid").read_text())
    assert len(family) == 1 + len(PARTS)
    os.kill(supervisor, signal.SIGKILL)
    running.stack.down()
    assert [one.pid for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE] == []
    for port in ports.values():
        socket.create_server(("127.0.0.1", port)).close()

    await asyncio.to_thread(running.stack.up, ports, PARTS)  # it runs an event loop of its own
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(FACTS.name, 3)])
        assert (await consumer.getone()).value == b"kept"
    finally:
        await consumer.stop()
    with Redis.from_url(running.environment["SIEP_REDIS"]) as client:
        assert client.get("kept") == b"here"
    with connect(running.settings(Settings)) as client:
        assert client.query("SELECT n FROM kept").result_rows == [(7,)]


def test_up_again_ends_what_a_killed_supervisor_left(running):
    ports = running.stack.home.ports()
    before = {name: running.process(name).pid for name in PARTS}
    os.kill(int((running.stack.home.run / "supervisord.pid").read_text()), signal.SIGKILL)
    until(lambda: {one.state for one in running.stack.status()} == {"left behind: run make down"})
    running.stack.up(ports, PARTS)
    assert all_well(running)
    assert not any(psutil.pid_exists(pid) and running.process(name).pid == pid for name, pid in before.items())


def test_up_twice_changes_nothing(running):
    before = [running.process(name).pid for name in PARTS]
    running.start(*PARTS)
    assert [running.process(name).pid for name in PARTS] == before


def door(home: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deploy.local", name]
    told = {**os.environ, "SIEP_HOME": str(home), **environment}
    return subprocess.run(command, env=told, cwd=ROOT, capture_output=True, text=True, check=False)


def test_status_shows_every_process(running):
    shown = door(running.stack.home.folder, "status").stdout
    for name in PARTS:
        assert str(running.process(name).pid) in shown
    assert str(running.stack.home.ports()["kafka"]) in shown


def test_a_port_in_use_is_one_sentence_and_exit_code_1(tmp_path):
    ports = {f"SIEP_{name.upper()}_PORT": str(port) for name, port in free_ports().items()}
    with socket.create_server(("127.0.0.1", int(ports["SIEP_REDIS_PORT"]))):
        done = door(tmp_path, "up", **ports)
    assert done.returncode == 1
    [sentence] = done.stderr.splitlines()
    assert f"Port {ports['SIEP_REDIS_PORT']} (redis) is in use" in sentence
    assert "SIEP_REDIS_PORT=" in sentence
    assert door(tmp_path, "status").stdout == "The local stack does not run: start it with make up.\n"


def test_too_little_disk_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(stack_module, "DISK_GB_MIN", 1_000_000)
    with pytest.raises(StackError, match=r"^Only .* GB are free .* make room, or set SIEP_HOME"):
        Stack(Home(tmp_path)).up(free_ports(), PARTS)


def test_a_broker_that_cannot_be_fetched_is_one_sentence(tmp_path, monkeypatch):
    settings = tmp_path / ".m2" / "settings.xml"
    settings.parent.mkdir()
    mirror = "<mirror><mirrorOf>central</mirrorOf><url>http://127.0.0.1:9/maven</url></mirror>"
    settings.write_text(f"<settings><mirrors>{mirror}</mirrors></settings>")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("M2_REPO", raising=False)
    said: list[str] = []
    with pytest.raises(StackError, match=r"^Apache Kafka could not be fetched .*settings\.xml"):
        jars.class_path(said.append)
    assert said == ["Fetching Apache Kafka 4.3.1 (44 MB, once)."]


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path, monkeypatch):
    lock = tmp_path / "kafka.lock"
    lock.write_text(f"{jars.KAFKA} {'0' * 64}\n")
    monkeypatch.setattr(jars, "LOCK", lock)
    with pytest.raises(StackError, match=r"is not the file that kafka\.lock names"):
        jars.class_path(print)


def test_a_path_too_long_for_a_socket_is_one_sentence(tmp_path):
    with pytest.raises(StackError, match="set SIEP_HOME to a shorter one"):
        Stack(Home(tmp_path / ("x" * 100)))
