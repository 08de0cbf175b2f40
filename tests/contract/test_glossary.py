from __future__ import annotations

import re
from collections import Counter

from tests.contract.deployment import ROOT

ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "GLOSSARY.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("|") and not line.startswith(("|---", "| Spanish"))
]


def test_each_word_stands_once() -> None:
    assert len(ROWS) > 60
    words = Counter(word for spanish, *_ in ROWS for word in spanish.split(", "))
    assert [word for word, times in words.items() if times > 1] == []


def test_each_name_is_one_of_the_code() -> None:
    folders = [ROOT / "shared", ROOT / "services", ROOT / "clients"]
    sources = [path for folder in folders for kind in ("*.py", "*.sql", "*.csv") for path in folder.rglob(kind)]
    words = set(re.findall(r"[\w-]+", "\n".join(path.read_text(encoding="utf-8") for path in sources)))
    names = [name for _, _, code, _ in ROWS for name in re.findall(r"`([^`]+)`", code)]
    assert len(names) >= len(ROWS)
    assert [name for name in names if name not in words] == []
