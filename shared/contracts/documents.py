"""What the contract looks like to those who do not read Python: JSON Schemas per fact type, and AsyncAPI 3.

Everything is derived from `facts.py` and `topics.py`; the committed files are compared in `make check`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import resources
from typing import Any

import orjson
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from shared.contracts.facts import INBOUND, RECORDED, TOKEN
from shared.contracts.topics import DEAD_LETTER, FACTS, TOPICS, Topic
from shared.contracts.topics import INBOUND as INBOUND_TOPIC

DIALECT = "https://json-schema.org/draft/2020-12/schema"
VERSION = "1.0.0"
CLOUD_EVENT = "application/cloudevents+json"


def json_schemas() -> dict[str, dict[str, Any]]:
    """One self-contained JSON Schema per type: `inbound/<type>` as it is sent, `recorded/<type>` as it is kept."""
    inbound = {f"inbound/{name}": _schema(model) for name, model in INBOUND.items()}
    recorded = {f"recorded/{name}": _tokens(_schema(model)) for name, model in RECORDED.items()}
    return inbound | recorded


def _schema(model: type[BaseModel]) -> Any:
    return _plain({"$schema": DIALECT, **model.model_json_schema()})


def _plain(schema: dict[str, Any]) -> Any:
    """Without `discriminator`: an OpenAPI word that AsyncAPI refuses, and `const` types tell the cases apart."""
    return _rewritten(schema, lambda node: {key: value for key, value in node.items() if key != "discriminator"})


def _tokens(schema: dict[str, Any]) -> Any:
    """The same schema after ingest: what is marked `x-token` is a keyed token."""
    token = {"type": "string", "pattern": TOKEN}
    return _rewritten(schema, lambda node: {**token, "x-token": node["x-token"]} if "x-token" in node else node)


def _rewritten(schema: Any, rule: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    if isinstance(schema, list):
        return [_rewritten(item, rule) for item in schema]
    if isinstance(schema, dict):
        return {key: _rewritten(value, rule) for key, value in rule(schema).items()}
    return schema


def examples() -> dict[str, dict[str, Any]]:
    """A whole message of each inbound type, by type."""
    folder = resources.files("shared.contracts") / "examples"
    files = {kind: min((folder / kind.split(".")[1]).iterdir(), key=lambda file: file.name) for kind in INBOUND}
    return {kind: orjson.loads(file.read_bytes()) for kind, file in files.items()}


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document of the three topics, self-contained."""
    inbound, inbound_schemas = _messages(INBOUND, "Inbound")
    recorded, recorded_schemas = _messages(RECORDED, "Recorded")
    messages = {
        INBOUND_TOPIC.name: inbound,
        FACTS.name: recorded,
        DEAD_LETTER.name: {"DeadLetter": _DEAD_LETTER_MESSAGE},
    }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "SIEP: topics of the prison statistics of Peru",
            "version": VERSION,
            "description": "Facts as CloudEvents 1.0 in structured JSON. Generated from shared/contracts.",
        },
        "defaultContentType": CLOUD_EVENT,
        "channels": {topic.name: _channel(topic, messages[topic.name]) for topic in TOPICS},
        "operations": {name: operation for topic in TOPICS for name, operation in _operations(topic).items()},
        "components": {
            "messages": {name: message for group in messages.values() for name, message in group.items()},
            "schemas": _plain(inbound_schemas) | _plain(_tokens(recorded_schemas)),
        },
    }


_DEAD_LETTER_MESSAGE: dict[str, Any] = {
    "name": "DeadLetter",
    "title": "A message that was refused, as it came",
    "contentType": "application/octet-stream",
    "headers": {
        "type": "object",
        "required": ["source", "outcome", "field", "code", "expected"],
        "properties": {name: {"type": "string"} for name in ("source", "outcome", "field", "code", "expected", "type")},
    },
    "payload": {"type": "string", "description": "the bytes that were sent"},
}


def _messages(models: Mapping[str, type[BaseModel]], prefix: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Messages by name, and the schemas that they refer to; names carry a prefix where the two sides differ."""
    template = f"#/components/schemas/{prefix}{{model}}"
    references, shared = models_json_schema([(model, "validation") for model in models.values()], ref_template=template)
    messages = {
        f"{prefix}.{fact_type}": {
            "name": fact_type,
            "title": _first_line(model),
            "contentType": CLOUD_EVENT,
            "payload": references[model, "validation"],
        }
        for fact_type, model in models.items()
    }
    return messages, {f"{prefix}{name}": schema for name, schema in shared["$defs"].items()}


def _first_line(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n")[0]


def _channel(topic: Topic, messages: Mapping[str, Any]) -> dict[str, Any]:
    kept = -1 if topic.retention_days is None else topic.retention_days * 86_400_000
    return {
        "address": topic.name,
        "title": topic.name,
        "description": f"{topic.description} Key: {topic.key}.",
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {"retention.ms": kept},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _operations(topic: Topic) -> dict[str, Any]:
    channel = {"$ref": f"#/channels/{topic.name.replace('/', '~1')}"}
    return {
        f"{topic.producer}.send.{topic.name}": {"action": "send", "channel": channel, "title": topic.producer},
        f"{topic.consumer}.receive.{topic.name}": {"action": "receive", "channel": channel, "title": topic.consumer},
    }
