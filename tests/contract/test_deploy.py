"""The worlds with images, as far as they can be shown without an engine: docker-compose.yml, the Dockerfile, k8s."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest

from deploy.limits import MEMORY_MIB
from shared.runtime.settings import PREFIX
from tests.contract import deployment
from tests.contract.deployment import JOBS, LISTENING, ROOT, SECRETS, SERVICES, SETTINGS, Process

DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text(encoding="utf-8")
WORLDS = {"compose": deployment.compose_processes(), "k8s": deployment.k8s_processes()}
PROCESSES = [pytest.param(one, id=f"{world}-{one.name}") for world, ours in WORLDS.items() for one in ours.values()]
SECRET_FIELDS = {"token_key", "ingest_keys", "clickhouse_password", "statistician_token"}


@pytest.mark.parametrize("world", WORLDS)
def test_each_world_runs_the_four_services_and_the_two_jobs(world: str) -> None:
    assert set(WORLDS[world]) == {*SERVICES, *JOBS}


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_is_given_what_its_settings_require_and_nothing_else(
    process: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in process.environment.items():
        monkeypatch.setenv(name, value)
    known = SETTINGS[process.name].model_fields
    assert {name.removeprefix(PREFIX).lower() for name in process.environment} <= set(known)
    settings = SETTINGS[process.name]()
    assert settings.port == LISTENING.get(process.name, known["port"].default)


@pytest.mark.parametrize("process", PROCESSES)
def test_secrets_come_from_outside_the_files(process: Process) -> None:
    secret = {name for name in process.environment if name.removeprefix(PREFIX).lower() in SECRET_FIELDS}
    assert process.secrets == secret


@pytest.mark.parametrize("process", PROCESSES)
def test_no_address_is_left_to_a_default_of_the_machine_at_hand(process: Process) -> None:
    assert not [value for value in process.environment.values() if "127.0.0.1" in value or "localhost" in value]
    needed = {
        "ingest": {"kafka", "redis", "clickhouse"},
        "aggregator": {"kafka", "redis", "clickhouse"},
        "gateway": {"kafka", "redis", "clickhouse"},
        "exports": {"redis", "clickhouse"},
        "topics": {"kafka"},
        "migrate": {"clickhouse"},
    }
    given = {name.removeprefix(PREFIX).lower() for name in process.environment}
    assert given & {"kafka", "redis", "clickhouse"} == needed[process.name]


def test_the_example_of_secrets_names_each_and_holds_none() -> None:
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    assert sorted(line for line in lines if line and not line.startswith("#")) == sorted(f"{name}=" for name in SECRETS)
    assert ".env" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


# Compose


def test_compose_follows_its_schema() -> None:
    schema = files("check_jsonschema") / "builtin_schemas/vendor/compose-spec.json"
    jsonschema.Draft202012Validator(json.loads(schema.read_text(encoding="utf-8"))).validate(deployment.compose())


def test_images_are_pinned() -> None:
    images = [row["image"] for row in deployment.compose()["services"].values() if "image" in row]
    images.append(re.search(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)[1])  # type: ignore[index]
    images += [f"{row['name']}:{row['newTag']}" for row in deployment.kustomization(deployment.OVERLAY)["images"]]
    assert not [image for image in images if not re.fullmatch(r"[\w./-]+:\d+\.\d+[\w.-]*", image)]


def test_only_the_two_doors_can_be_reached_and_only_from_this_machine() -> None:
    ports = {name: row["ports"] for name, row in deployment.compose()["services"].items() if "ports" in row}
    assert ports == {name: [f"127.0.0.1:{LISTENING[name]}:{LISTENING[name]}"] for name in ("ingest", "gateway")}


def test_whoever_waits_waits_for_what_can_tell() -> None:
    services = deployment.compose()["services"]
    waits = [(name, other, how) for name, row in services.items() for other, how in row.get("depends_on", {}).items()]
    assert waits
    for name, other, how in waits:
        job = other in JOBS
        expected = "service_completed_successfully" if job else "service_healthy"
        assert how == {"condition": expected}, (name, other)
        assert job or "healthcheck" in services[other]
    assert all("healthcheck" in services[name] for name in SERVICES)


@pytest.mark.parametrize("name", [*SERVICES, *JOBS])
def test_our_containers_are_restricted_and_built_of_the_one_recipe(name: str) -> None:
    row = deployment.compose()["services"][name]
    build = {"context": ".", "dockerfile": "deploy/docker/Dockerfile"}
    assert row["build"] == {**build, "args": {"SERVICE": "aggregator" if name in JOBS else name}}
    assert row["read_only"] is True
    assert row["cap_drop"] == ["ALL"]
    assert row.get("command") == (["python", "-m", JOBS[name]] if name in JOBS else None)


# Memory

_UNITS = {"m": 1, "g": 1024, "Mi": 1, "Gi": 1024}


def mebibytes(said: str) -> int:
    number, unit = re.fullmatch(r"(\d+)(\D+)", said).groups()  # type: ignore[union-attr]
    return int(number) * _UNITS[unit]


def test_compose_limits_each_process_as_stated() -> None:
    rows = deployment.compose()["services"]
    found = {name: mebibytes(row["mem_limit"]) for name, row in rows.items() if name not in JOBS}
    assert found == {"redis" if name == "valkey" else name: most for name, most in MEMORY_MIB.items()}


def test_kubernetes_limits_our_services_as_stated() -> None:
    containers = map(deployment.container, deployment.workloads())
    found = {one["name"]: mebibytes(one["resources"]["limits"]["memory"]) for one in containers}
    assert {name: found[name] for name in SERVICES} == {name: MEMORY_MIB[name] for name in SERVICES}


def test_the_page_for_operators_states_the_same_limits() -> None:
    rows = re.findall(r"^\| (\w+) \| ([\d,]+) MiB \|", (ROOT / "docs/operating.md").read_text("utf-8"), re.MULTILINE)
    assert {name: int(most.replace(",", "")) for name, most in rows} == MEMORY_MIB


def test_valkey_refuses_before_it_is_ended() -> None:
    command = deployment.compose()["services"]["redis"]["command"]
    allowed = int(command[command.index("--maxmemory") + 1].removesuffix("mb"))
    assert allowed <= MEMORY_MIB["valkey"] * 3 // 4


# The image


def copied(service: str) -> list[tuple[str, str]]:
    """What the Dockerfile copies, from where to where."""
    lines = re.findall(r"^COPY (\S+) (\S+)$", DOCKERFILE, re.MULTILINE)
    return [(source.replace("${SERVICE}", service), place.replace("${SERVICE}", service)) for source, place in lines]


def installed_by(requirements: str) -> list[str]:
    return re.findall(r"^([\w.-]+)(?:\[.+\])?==", (ROOT / requirements).read_text(encoding="utf-8"), re.MULTILINE)


IN_THE_IMAGE = """
import importlib, pkgutil, sys
from importlib.metadata import packages_distributions

owners, allowed = packages_distributions(), set(sys.argv[1].split())

class OnlyWhatIsInstalled:
    def find_spec(self, name, path=None, target=None):
        of = owners.get(name.partition(".")[0], [])
        if of and not allowed.intersection(one.lower().replace("_", "-").replace(".", "-") for one in of):
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, OnlyWhatIsInstalled())
for name in sys.argv[2:]:
    module = importlib.import_module(name)
    for one in pkgutil.walk_packages(getattr(module, "__path__", []), f"{name}."):
        importlib.import_module(one.name)
print(importlib.import_module("shared").__path__[0])
"""


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_copied_and_installed_is_enough_to_start(service: str, tmp_path: Path) -> None:
    requirements, *sources = copied(service)
    for source, place in sources:
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / place)
    installed = installed_by(requirements[0])
    modules = [
        f"services.{service}",
        f"services.{service}.__main__",
        *(JOBS.values() if service == "aggregator" else ()),
    ]
    command = [sys.executable, "-c", IN_THE_IMAGE, " ".join(installed), *modules]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "shared")


@pytest.mark.parametrize("service", SERVICES)
def test_the_requirements_hold_what_the_service_asks_for_also_what_it_loads_late(service: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {
        re.match(r"[\w-]+", one)[0] for one in [*project["dependencies"], *project["optional-dependencies"][service]]
    }  # type: ignore[index]
    installed = installed_by(copied(service)[0][0])
    assert asked <= set(installed)


def test_the_context_of_the_build_holds_what_is_copied_and_no_secret() -> None:
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    allowed = {rule[1:] for rule in rules if rule.startswith("!")}
    assert "*" in rules
    assert {source.partition("/")[0] for source, _ in copied("ingest")} == allowed


def test_the_image_installs_by_hash_and_runs_as_nobody_in_particular() -> None:
    assert "--require-hashes -r /tmp/requirements.txt" in DOCKERFILE
    assert re.search(r"^USER (\d+):(\d+)$", DOCKERFILE, re.MULTILINE)
    (command,) = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)
    assert shlex.split(json.loads(command)[-1]) == ["exec", "python", "-m", "services.$SERVICE"]


# Kubernetes


@pytest.mark.parametrize("manifest", deployment.manifests(), ids=lambda one: f"{one['kind']}-{one['metadata']['name']}")
def test_every_manifest_follows_the_schema(manifest: dict[str, Any]) -> None:
    kubernetes_validate.validate(manifest, kubernetes_validate.latest_version(), strict=True)
    assert "namespace" not in manifest["metadata"]


def test_every_file_of_the_base_is_listed() -> None:
    listed = deployment.kustomization(deployment.BASE)["resources"]
    assert sorted([*listed, "kustomization.yaml"]) == sorted(path.name for path in deployment.BASE.iterdir())


@pytest.mark.parametrize("workload", deployment.workloads(), ids=lambda one: one["metadata"]["name"])
def test_every_pod_is_restricted_limited_and_finds_its_image(workload: dict[str, Any]) -> None:
    pod, found = workload["spec"]["template"]["spec"], deployment.container(workload)
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert f"USER {pod['securityContext']['runAsUser']}:{pod['securityContext']['runAsGroup']}\n" in DOCKERFILE
    assert found["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(found["resources"]) == {"requests", "limits"}
    name = found["name"]
    assert found["image"] == f"siep-{'aggregator' if name in JOBS else name}"
    assert found.get("command") == (["python", "-m", JOBS[name]] if name in JOBS else None)
    assert {row["name"] for row in found["volumeMounts"]} == {row["name"] for row in pod["volumes"]}


@pytest.mark.parametrize("name", LISTENING)
def test_who_listens_is_asked_for_its_health(name: str) -> None:
    (workload,) = [one for one in deployment.workloads() if deployment.container(one)["name"] == name]
    found = deployment.container(workload)
    assert found["ports"] == [{"name": "http", "containerPort": LISTENING[name]}]
    assert found["readinessProbe"]["httpGet"] == {"path": "/health", "port": "http"}
    assert found["livenessProbe"]["tcpSocket"] == {"port": "http"}


def test_what_selects_pods_finds_them() -> None:
    labels = [one["spec"]["template"]["metadata"]["labels"] for one in deployment.workloads()]
    selectors = [
        one["spec"]["selector"].get("matchLabels", one["spec"]["selector"])
        for one in deployment.manifests()
        if one["kind"] in ("Service", "PodDisruptionBudget", "Deployment")
    ]
    assert len(selectors) == 9
    for selector in selectors:
        assert [one for one in labels if selector.items() <= one.items()], selector
    (doors,) = [one for one in deployment.manifests() if one["metadata"]["name"] == "siep-doors"]
    (expression,) = doors["spec"]["podSelector"]["matchExpressions"]
    reachable = [one["metadata"]["name"] for one in deployment.manifests() if one["kind"] == "Service"]
    assert sorted(expression["values"]) == sorted(reachable)


def test_the_example_gives_every_address_that_is_asked_for() -> None:
    asked = {
        row["valueFrom"]["configMapKeyRef"]["key"]
        for workload in deployment.workloads()
        for row in deployment.container(workload)["env"]
        if "configMapKeyRef" in row.get("valueFrom", {})
    }
    assert asked == set(deployment.addresses())
    images = {deployment.container(one)["image"] for one in deployment.workloads()}
    assert images == {row["name"] for row in deployment.kustomization(deployment.OVERLAY)["images"]}
