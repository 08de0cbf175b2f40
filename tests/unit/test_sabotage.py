"""The list of rules that `make sabotage` takes out stays true: what it would replace is there, and so is the test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.sabotage.rule import Rule
from tests.sabotage.rules import RULES

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule)
def test_a_rule_can_be_taken_out(rule: Rule) -> None:
    assert (ROOT / rule.file).read_text().count(rule.text) == 1
    file, _, name = rule.test.partition("::")
    assert not name or f"def {name}(" in (ROOT / file).read_text()
    assert (ROOT / file).is_file()
