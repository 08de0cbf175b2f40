from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from shared.contracts.topics import FACTS, TOPICS
from tests.support.stack import local_stack


@pytest.fixture(scope="module")
def own_broker() -> Iterator[str]:
    """A broker whose topics may be destroyed; the stack ran the command once already."""
    with local_stack("kafka") as running:
        yield running.environment["SIEP_KAFKA"]


@pytest_asyncio.fixture
async def admin(own_broker: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=own_broker)
    await client.start()
    yield client
    await client.close()


def make_topics(servers: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "shared.adapters.kafka.topics"]
    return subprocess.run(command, env={"SIEP_KAFKA": servers}, capture_output=True, text=True, check=False)


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answer.resources[0][-1]}


async def test_topics_are_as_the_contract_says_and_again_changes_nothing(
    own_broker: str, admin: AIOKafkaAdminClient
) -> None:
    done = make_topics(own_broker)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    described = await admin.describe_topics([topic.name for topic in TOPICS])
    assert {one["topic"]: len(one["partitions"]) for one in described} == {
        topic.name: topic.partitions for topic in TOPICS
    }
    for topic in TOPICS:
        found = await settings_of(admin, topic.name)
        assert found["message.timestamp.type"] == "LogAppendTime"
        assert found["unclean.leader.election.enable"] == "false"
        assert found["retention.ms"] == str(topic.retention_days * 86_400_000 if topic.retention_days else -1)


async def test_a_log_of_record_made_by_somebody_else_is_refused_by_name(
    own_broker: str, admin: AIOKafkaAdminClient
) -> None:
    await admin.delete_topics([FACTS.name])
    await until_created(admin, NewTopic(FACTS.name, 1, 1))
    done = make_topics(own_broker)
    assert done.returncode == 1
    assert "partitions is 1 instead of 9" in done.stderr
    assert "message.timestamp.type is CreateTime instead of LogAppendTime" in done.stderr
    assert "retention.ms is 604800000 instead of -1" in done.stderr


async def until_created(admin: AIOKafkaAdminClient, topic: NewTopic) -> None:
    """The broker forgets a topic of the same name a moment after it has answered."""
    for _ in range(1_000):
        if (await admin.create_topics([topic])).topic_errors[0][1] == 0:
            return
    pytest.fail(f"{topic.name} could not be created again")
