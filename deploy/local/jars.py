"""Apache Kafka's jars: fetched once into the machine's Maven repository, each checked against `kafka.lock`.

`python -m deploy.local.jars fetch` is part of the set-up, since tests reach no other machine; `… lock` (called by
`make lock`) resolves anew and writes the lock.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import jgo
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

from deploy.local.home import StackError

KAFKA = "org.apache.kafka:kafka_2.13:4.3.1"
# Kafka logs through slf4j and brings no binding; the same version as the log4j that Kafka brings.
LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
LOCK = Path(str(files("deploy.local") / "kafka.lock"))


def class_path(say: Callable[[str], None]) -> str:
    """The class path of the broker. Fetches what is not there yet (44 MB).

    Raises StackError, as one sentence, if a jar cannot be fetched or is not the one of the lock.
    """
    _trust_what_the_machine_trusts()
    maven = _maven()
    locked = [line.split() for line in LOCK.read_text(encoding="utf-8").splitlines()]
    artifacts = [
        (maven.project(*name.split(":")[:2]).at_version(name.split(":")[2]).artifact(), digest)
        for name, digest in locked
    ]
    if not all(artifact.cached_path and artifact.cached_path.exists() for artifact, _ in artifacts):
        say("Fetching Apache Kafka 4.3.1 (44 MB, once).")
    try:
        jars = [(artifact.resolve(), digest) for artifact, digest in artifacts]
    except Exception as error:
        raise StackError(
            f"Apache Kafka could not be fetched ({type(error).__name__}): "
            "check that this machine reaches a Maven repository, or name a mirror in ~/.m2/settings.xml; run it again."
        ) from error
    for jar, digest in jars:
        if hashlib.sha256(jar.read_bytes()).hexdigest() != digest:
            raise StackError(f"{jar} is not the file that {LOCK.name} names: delete it and run it again.")
    return ":".join(str(jar) for jar, _ in jars)


def _maven() -> MavenContext:
    """Maven as this machine has it configured: jgo's own settings and the mirrors of ~/.m2/settings.xml."""
    settings = GlobalSettings.load()
    repositories = {"central": MAVEN_CENTRAL_URL, **settings.repositories, **_mirror()}
    return MavenContext(repo_cache=settings.repo_cache, remote_repos=repositories, timeout=60)


def _trust_what_the_machine_trusts() -> None:
    # jgo downloads with requests, which brings authorities of its own; a company's are in the system's store alone.
    paths = ssl.get_default_verify_paths()
    if paths.cafile or (paths.capath and any(Path(paths.capath).iterdir())):
        os.environ.setdefault("REQUESTS_CA_BUNDLE", paths.cafile or paths.capath)


def _mirror() -> dict[str, str]:
    path = Path.home() / ".m2" / "settings.xml"
    if not path.exists():
        return {}
    for mirror in ET.parse(path).getroot().iterfind(".//{*}mirror"):  # noqa: S314 - the user's own file
        if mirror.findtext("{*}mirrorOf", "").split(",")[0] in {"*", "central", "external:*"}:
            return {"central": mirror.findtext("{*}url", "").rstrip("/")}
    return {}


def write_lock() -> None:
    """Resolve the versions anew and write them with the SHA-256 of each jar."""
    maven = _maven()
    names = [KAFKA, LOGGING]
    names += [f"{found.groupId}:{found.artifactId}:{found.version}" for found in jgo.resolve(KAFKA, maven.remote_repos)]
    lines = []
    for name in dict.fromkeys(names):
        group, artifact, version = name.split(":")
        jar = maven.project(group, artifact).at_version(version).artifact().resolve()
        lines.append(f"{name} {hashlib.sha256(jar.read_bytes()).hexdigest()}\n")
    LOCK.write_text("".join(lines), encoding="utf-8")


def main(arguments: list[str]) -> int:
    """The exit code."""
    try:
        {"fetch": lambda: class_path(print), "lock": write_lock}[arguments[0]]()
    except StackError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
