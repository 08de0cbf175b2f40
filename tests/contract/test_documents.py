"""What the documents point at exists."""

from __future__ import annotations

import json
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


def test_the_first_fact_of_the_readme_is_sent_by_whoever_may_say_it() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [speaker] = re.findall(r"SIEP_KEYS\"\]\)\[\"([a-z0-9-]+)\"\]", text)
    [example] = re.findall(r"-d @(\S+)", text)
    [asked] = re.findall(r"/v1/facts/(\S+)", text)
    fact = json.loads((ROOT / example).read_text(encoding="utf-8"))
    assert (fact["source"], fact["id"]) == (speaker, asked)


def test_links_inside_a_page_lead_to_a_heading() -> None:
    page = (ROOT / "docs/published-tables.md").read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.+)$", page, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    links = re.findall(r"\]\(#([^)]+)\)", page)
    assert links
    assert set(links) <= anchors
