"""What the documents point at exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.contract.deployment import ROOT

DOCUMENTS = [
    *ROOT.glob("*.md"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "deploy/pages").glob("*.md"),
    ROOT / "shared/reference/SOURCES.md",
]
OF_THE_TREE = re.compile(r"`((?:shared|services|deploy|tests|docs|requirements)/[^`\s<>]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_paths_and_links_exist(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    gone = [path for path in OF_THE_TREE.findall(text) if not any(ROOT.glob(path))]
    dead = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    assert (gone, dead) == ([], [])


def test_links_inside_a_page_lead_to_a_heading() -> None:
    page = (ROOT / "docs/published-tables.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert links
    assert set(links) <= anchors
