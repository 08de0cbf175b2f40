"""The methodology page, made of the counting rules that the tests hold the fold to."""

from __future__ import annotations

import json

from tests.spec.rules import RULES, Rule

_HEAD = """# Methodology: how people are counted

Generated from `tests/spec/rules.py` by `make generate`; every example below is a test. Times are Lima's, in January
2026. A line of *counted* reads: day, book, cause, establishment, change of the stock, flow, and the attributes the rule
is about.

Facts of a person are told in the order of (time, kind, source, id), never in the order in which they arrived; so late,
doubled and reordered facts end in the same figures. Of two facts with one source and id the first to arrive holds.
Where facts contradict each other one rule applies, the person is counted once, and the contradiction is an anomaly.
"""


def methodology() -> str:
    """The page, in Markdown."""
    return "\n".join([_HEAD, *(_section(rule) for rule in RULES)])


def _section(rule: Rule) -> str:
    told = "\n".join(f"{day:02d} {hour:02d}:00 {kind} {json.dumps(data)}" for day, hour, kind, data in rule.told)
    counted = "\n".join(rule.counted) or "nothing"
    anomalies = f"\nAnomaly: {', '.join(f'`{kind}`' for kind in rule.anomalies)}.\n" if rule.anomalies else ""
    return f"## {rule.name}\n\n{rule.promise}\n\n```\n{told}\n```\n\ncounted as\n\n```\n{counted}\n```\n{anomalies}"
