"""Every generated file of the repository, from one list: `python -m deploy.generate [--check]`.

Without arguments the files are written; with `--check` nothing is written and the command fails, naming each file that
differs from what the code says.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
from pydantic import SecretStr

from deploy.pages.methodology import methodology
from deploy.pages.published import published
from services.gateway.schema import sdl
from services.ingest.app import build as build_ingest
from shared.contracts import documents
from shared.runtime.clock import SystemClock
from shared.runtime.settings import IngestSettings

ROOT = Path(__file__).parents[1]
SCHEMAS = "shared/contracts/schemas"
"""Everything in this folder is generated."""


def _json(document: object) -> str:
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode() + "\n"


def _schemas() -> dict[str, str]:
    return {f"{SCHEMAS}/{name}.json": _json(schema) for name, schema in documents.json_schemas().items()}


def _asyncapi() -> dict[str, str]:
    return {f"{SCHEMAS}/asyncapi.json": _json(documents.asyncapi())}


def _ingest_openapi() -> dict[str, str]:
    nobody = IngestSettings(token_key=SecretStr("0" * 64), ingest_keys={}, clickhouse_password=SecretStr(""))
    return {f"{SCHEMAS}/ingest.openapi.json": _json(build_ingest(nobody, SystemClock()).openapi())}


def _graphql() -> dict[str, str]:
    return {f"{SCHEMAS}/gateway.graphql": sdl()}


def _pages() -> dict[str, str]:
    return {"docs/methodology.md": methodology(), "docs/published-tables.md": published()}


GENERATORS: tuple[Callable[[], dict[str, str]], ...] = (_schemas, _asyncapi, _ingest_openapi, _graphql, _pages)
"""Each gives texts by path from the root of the repository."""


def generated() -> dict[str, str]:
    """What every generated file must hold, by path."""
    return {path: text for generator in GENERATORS for path, text in generator().items()}


def stale(root: Path, texts: dict[str, str]) -> Iterator[str]:
    """Paths under `root` that are missing, differ, or are schemas of something that is no more."""
    for path, text in texts.items():
        file = root / path
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            yield path
    for file in sorted((root / SCHEMAS).rglob("*")):
        path = file.relative_to(root).as_posix()
        if file.is_file() and path not in texts:
            yield path


def write(root: Path, texts: dict[str, str]) -> None:
    """Make the files under `root` what the texts say; a schema of something that is no more is deleted."""
    for path in list(stale(root, texts)):
        file = root / path
        if path not in texts:
            file.unlink()
            continue
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(texts[path], encoding="utf-8")
        print(f"wrote {path}")


def main(arguments: list[str]) -> int:
    """The exit code: 0 when all files are (made) current."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m deploy.generate [--check]")
        return 2
    texts = generated()
    if not arguments:
        write(ROOT, texts)
        return 0
    differing = list(stale(ROOT, texts))
    for path in differing:
        print(f"{path} is not what the code says: run python -m deploy.generate and commit the result")
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
