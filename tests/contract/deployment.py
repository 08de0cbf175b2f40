"""Reads the files of the two worlds with images as data: which process gets what, in Compose and in Kubernetes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import deploy
from shared.runtime.settings import GatewaySettings, IngestSettings, ProcessSettings, Settings

ROOT = Path(deploy.__file__).parents[1]
BASE = ROOT / "deploy/k8s/base"
OVERLAY = ROOT / "deploy/k8s/overlays/local-example"
SERVICES = ("ingest", "aggregator", "gateway", "exports")
LISTENING = {"ingest": 8001, "aggregator": 8002, "gateway": 8000}
JOBS = {"topics": "shared.adapters.kafka.topics", "migrate": "shared.adapters.clickhouse.migrate"}
SETTINGS: dict[str, type[ProcessSettings]] = {
    "ingest": IngestSettings,
    "aggregator": Settings,
    "gateway": GatewaySettings,
    "exports": Settings,
    "topics": ProcessSettings,
    "migrate": Settings,
}
"""What each process reads of its environment."""
SECRETS = {
    "SIEP_CLICKHOUSE_PASSWORD": "a password",
    "SIEP_TOKEN_KEY": "0f" * 32,
    "SIEP_STATISTICIAN_TOKEN": "a token of some length",
    "SIEP_INGEST_KEYS": json.dumps({"inpe": "a" * 64, "ep-066": "b" * 64}),
}
"""As somebody could fill in `.env`."""


@dataclass(frozen=True)
class Process:
    """One of our processes in one world; `environment` as it would be with the SECRETS above."""

    name: str
    environment: dict[str, str]
    secrets: frozenset[str]
    """The variables that come from the file, or the object, of secrets."""


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    return loaded


def compose_processes() -> dict[str, Process]:
    ours = {name: row for name, row in compose()["services"].items() if "build" in row}
    return {name: _of_compose(name, row["environment"]) for name, row in ours.items()}


def _of_compose(name: str, environment: dict[str, Any]) -> Process:
    secrets = {variable for variable, value in environment.items() if str(value).startswith("${")}
    filled = {
        variable: re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: SECRETS[found[1]], str(value))
        for variable, value in environment.items()
    }
    return Process(name, filled, frozenset(secrets))


def manifests() -> list[dict[str, Any]]:
    """Every object of the base."""
    return [found for file in kustomization(BASE)["resources"] for found in _objects(BASE / file)]


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    yield from yaml.safe_load_all(path.read_text(encoding="utf-8"))


def kustomization(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    return loaded


def workloads() -> list[dict[str, Any]]:
    """What makes pods."""
    return [found for found in manifests() if found["kind"] in ("Deployment", "Job")]


def container(workload: dict[str, Any]) -> dict[str, Any]:
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    found: dict[str, Any] = only
    return found


def addresses() -> dict[str, str]:
    """What the example's ConfigMap holds."""
    (generated,) = kustomization(OVERLAY)["configMapGenerator"]
    assert generated["name"] == "siep-addresses"
    return dict(literal.split("=", 1) for literal in generated["literals"])


def k8s_processes() -> dict[str, Process]:
    return {one.name: one for one in map(_of_k8s, map(container, workloads()))}


def _of_k8s(found: dict[str, Any]) -> Process:
    stores = {"siep-addresses": addresses(), "siep-secrets": SECRETS}
    environment, secrets = {}, set()
    for row in found["env"]:
        if "value" in row:
            environment[row["name"]] = row["value"]
            continue
        ((kind, reference),) = row["valueFrom"].items()
        environment[row["name"]] = stores[reference["name"]][reference["key"]]
        if kind == "secretKeyRef":
            secrets.add(row["name"])
    return Process(found["name"], environment, frozenset(secrets))
