"""The counting rules as text: what is told, in words, and what is counted, as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.pages.markdown import page, table
from shared.domain.facts import LIMA_OFFSET_MS
from tests.spec.rule import Chapter, Rule

_COUNTED = ("Day", "Book", "Cause", "At", "Stock", "Flow")


def chapter(of: Chapter) -> str:
    """A chapter of rules, each with its promise and its example."""
    return page(f"### {of.name}", of.text, *map(_rule, of.rules)).rstrip("\n")


def _rule(rule: Rule) -> str:
    told = [(f"f{n}", _when(*line[:2]), f"`{line[2]}`", words(line[3])) for n, line in enumerate(rule.told, 1)]
    return page(
        f"#### {rule.name}",
        rule.promise,
        table(("Fact", "Time", "Kind", "Says"), told),
        _counted(rule),
        *_anomalies(rule),
    ).rstrip("\n")


def _when(day: int, hour: int) -> str:
    return f"{day} January, {hour:02d}:00"


def _counted(rule: Rule) -> str:
    if not rule.counted:
        return "Counted: nothing."
    lines = sorted((line.split() for line in rule.counted), key=lambda line: int(line[0]))
    rows = [(*line[:5], line[6].replace("+0", "0"), *map(_value, line[7:])) for line in lines]
    return page("Counted:", table((*_COUNTED, *(f"`{name}`" for name in rule.shows)), rows)).rstrip("\n")


def _value(said: str) -> str:
    """The value of `name=value`; what stands between bars are parts of it."""
    parts = said.partition("=")[2].split("|")
    return " · ".join(part for part in parts if part) or "–"


def _anomalies(rule: Rule) -> list[str]:
    kinds = list(dict.fromkeys(rule.anomalies))
    return [f"Anomaly: {', '.join(f'`{kind}`' for kind in kinds)}."] if kinds else []


def words(data: Mapping[str, Any]) -> str:
    """What a fact says, in words."""
    said = (_WORDS.get(name, _plain)(name, value) for name, value in data.items())
    return "; ".join(text for text in said if text)


def _plain(name: str, value: Any) -> str:
    return f"{name.replace('_', ' ')} {value}"


def _profile(_: str, profile: Mapping[str, Any]) -> str:
    return words(profile)


def _cases(_: str, cases: list[dict[str, Any]]) -> str:
    return "; ".join(words(case) for case in cases)


def _offences(_: str, offences: list[dict[str, Any]]) -> str:
    return f"{'offence' if len(offences) == 1 else 'offences'} {' and '.join(map(_offence, offences))}"


def _offence(offence: Mapping[str, Any]) -> str:
    marks = {"attempt": "attempt", "main": "main", "rank": f"rank {offence.get('rank')}"}
    said = [text for name, text in marks.items() if offence.get(name)]
    return f"{offence['code']} ({', '.join(said)})" if said else str(offence["code"])


def _sentence(_: str, sentence: Mapping[str, Any]) -> str:
    length = "life" if sentence.get("life") else f"{sentence['months']} months"
    return f"sentence {length}{', joined' if sentence.get('joined') else ''}"


def _target(_: str, target: Mapping[str, Any]) -> str:
    return f"fact {target['id']}"


def _replacement(_: str, instead: Mapping[str, Any]) -> str:
    lima = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=instead["at_ms"] + LIMA_OFFSET_MS)
    return f"is `{instead['kind']}` of {_when(lima.day, lima.hour)}: {words(instead['data'])}"


def _open(_: str, stands: bool) -> str:
    return "open" if stands else "closed"


_WORDS: dict[str, Callable[[str, Any], str]] = {
    "profile": _profile,
    "cases": _cases,
    "offences": _offences,
    "sentence": _sentence,
    "target": _target,
    "replacement": _replacement,
    "open": _open,
}
