"""Makes the system's topics: `python -m shared.adapters.kafka.topics`. Running it twice changes nothing."""

from __future__ import annotations

import asyncio
import sys

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from shared.contracts.topics import FACTS, TOPICS, Topic
from shared.runtime.settings import ProcessSettings, SettingsError

_DAY_MS = 86_400_000
_COPIES = 3
"""Of every record, where there are as many brokers."""


class TopicError(Exception):
    """Kafka refused to make a topic, or the log of record is there in a form that would lose facts or their time."""


async def create_topics(servers: str) -> list[str]:
    """Create the topics that are not there yet and return their names; those that are stay as they are.

    Each has three copies, or as many as there are brokers, and a write is acknowledged by all but one of them.
    Raises TopicError, KafkaError.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=servers)
    await admin.start()
    try:
        copies = min(_COPIES, len((await admin.describe_cluster())["brokers"]))
        response = await admin.create_topics([_new(topic, copies) for topic in TOPICS])
        created = [name for name, code, *why in response.topic_errors if _is_new(name, code, why)]
        if FACTS.name not in created:
            await _check(admin, FACTS)
    finally:
        await admin.close()
    return created


def _new(topic: Topic, copies: int) -> NewTopic:
    settings = _lasting(topic) | {
        "retention.bytes": "-1",
        "min.insync.replicas": str(max(1, copies - 1)),
        "unclean.leader.election.enable": "false",
    }
    if topic.message_bytes_max is not None:
        settings["max.message.bytes"] = str(topic.message_bytes_max)
    return NewTopic(topic.name, topic.partitions, replication_factor=copies, topic_configs=settings)


def _lasting(topic: Topic) -> dict[str, str]:
    retention = "-1" if topic.retention_days is None else str(topic.retention_days * _DAY_MS)
    return {"retention.ms": retention, "cleanup.policy": "delete", "message.timestamp.type": "LogAppendTime"}


def _is_new(name: str, code: int, why: list[str]) -> bool:
    if code not in (0, TopicAlreadyExistsError.errno):
        raise TopicError(f"Kafka refused to create {name}: {for_code(code).__name__} {why}.")
    return bool(code == 0)


async def _check(admin: AIOKafkaAdminClient, topic: Topic) -> None:
    """A broker that makes topics by itself gives them other partitions, another clock and an end."""
    expected = _lasting(topic) | {"partitions": str(topic.partitions)}
    asked = ConfigResource(ConfigResourceType.TOPIC, topic.name, configs=_lasting(topic))
    (answer,) = await admin.describe_configs([asked])
    (described,) = await admin.describe_topics([topic.name])
    found = {entry[0]: entry[1] for *_, entries in answer.resources for entry in entries}
    found["partitions"] = str(len(described["partitions"]))
    wrong = [
        f"{name} is {found.get(name)} instead of {value}"
        for name, value in expected.items()
        if found.get(name) != value
    ]
    if wrong:
        raise TopicError(
            f"{topic.name} is there, but {'; '.join(wrong)}: if it holds nothing yet, delete it and run this again "
            "with auto.create.topics.enable=false."
        )


def main() -> int:
    """Make the topics; the exit code says whether they are there."""
    try:
        created = asyncio.run(create_topics(ProcessSettings().kafka))
    except (SettingsError, TopicError, KafkaError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    for name in created:
        print(f"created {name}")  # noqa: T201 - this is a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
