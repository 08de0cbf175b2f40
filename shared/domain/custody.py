"""The fold: the facts of one person become a timeline of spells. Pure, total, blind to the order of arrival.

A spell is a stay in one book: custody (on the roll of an establishment), transit and absence (of which, inside
custody), health (tuberculosis while in custody), child (living with its mother) and supervision (medio libre).
A person has at most one open custody spell; the other books of custody open and close inside it.

Where facts contradict each other there is one rule each (`docs/methodology.md`), the person is still counted once, and
the contradiction is noted as an anomaly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from shared.domain.anomalies import Anomaly, shown_by
from shared.domain.attributes import NOBODY, Attributes, Case, attributes, birth_month
from shared.domain.facts import Fact, in_force

RECAPTURE = "recaptura"


class Standing(NamedTuple):
    """What a spell counts as from `at_ms` on."""

    at_ms: int
    attributes: Attributes
    detail: str


class Spell:
    """A stay in one book at one place, from one cause to another; `closed_ms` is None while it lasts."""

    __slots__ = (
        "book",
        "closed_cause",
        "closed_ms",
        "closed_with",
        "opened_cause",
        "opened_ms",
        "opened_with",
        "place",
        "standings",
    )

    def __init__(self, book: str, place: str, fact_ms: int, cause: str, standing: Standing, **opened_with: str) -> None:
        self.book = book
        self.place = place
        self.opened_ms = fact_ms
        self.opened_cause = cause
        self.opened_with = opened_with  # counterparty, motive
        self.standings = [standing]
        self.closed_ms: int | None = None
        self.closed_cause = ""
        self.closed_with: dict[str, str] = {}  # counterparty, motive, liberty_type

    def close(self, at_ms: int, cause: str, **closed_with: str) -> None:
        """End the stay; it keeps the standing it had."""
        self.closed_ms = at_ms
        self.closed_cause = cause
        self.closed_with = closed_with


class Timeline:
    """All spells of a person in the order they opened, and the contradictions met on the way."""

    __slots__ = (
        "_current",
        "absence",
        "admissions",
        "anomalies",
        "cases",
        "children",
        "condition",
        "custody",
        "dead",
        "health",
        "profile",
        "spells",
        "supervisions",
        "transit",
    )

    def __init__(self) -> None:
        self.spells: list[Spell] = []
        self.anomalies: list[Anomaly] = []
        self.profile: dict[str, Any] = {}
        self.cases: dict[str, Case] = {}
        self.admissions = 0
        self.condition = ""
        self.dead = False
        self.custody: Spell | None = None
        self.transit: Spell | None = None
        self.absence: Spell | None = None
        self.health: Spell | None = None
        self.children: dict[str, Spell] = {}
        self.supervisions: dict[str, Spell] = {}
        self._current: Attributes | None = None

    def note(self, kind: str, fact: Fact, other: str = "") -> None:
        """Remember a contradiction; it concerns the speaker and the other place, by default where the person is."""
        self.anomalies.append(shown_by(kind, fact, other or (self.custody.place if self.custody else "")))

    def attributes(self) -> Attributes:
        """What is counted about the person now."""
        if self._current is None:
            self._current = attributes(self.profile, self.cases.values(), self.admissions)
        return self._current

    def open(self, book: str, place: str, fact: Fact, cause: str, detail: str = "", **opened_with: str) -> Spell:
        """Begin a spell of the person with the attributes of now."""
        spell = Spell(book, place, fact.at_ms, cause, Standing(fact.at_ms, self.attributes(), detail), **opened_with)
        self.spells.append(spell)
        return spell

    def restate(self, fact: Fact) -> None:
        """The attributes may have changed: every open spell of the person stands anew from this fact on."""
        self._current = None
        for spell in self.open_spells():
            before = spell.standings[-1]
            if before.attributes != self.attributes():
                spell.standings.append(Standing(fact.at_ms, self.attributes(), before.detail))

    def open_spells(self) -> list[Spell]:
        """Spells that last and carry the person's own attributes (a child has its own)."""
        inside = (self.custody, self.transit, self.absence, self.health)
        return [spell for spell in (*inside, *self.supervisions.values()) if spell is not None]

    def enter(self, place: str, fact: Fact, cause: str, **opened_with: str) -> None:
        """Begin custody at a place; tuberculosis comes along."""
        self.custody = self.open("custody", place, fact, cause, **opened_with)
        if self.condition:
            self.health = self.open("health", place, fact, "start", self.condition)

    def leave(self, fact: Fact, cause: str, **closed_with: str) -> None:
        """End custody and what is counted inside it."""
        assert self.custody is not None
        self.custody.close(fact.at_ms, cause, **closed_with)
        for spell in (self.transit, self.absence, self.health):
            if spell is not None:
                spell.close(fact.at_ms, "end")
        self.custody = self.transit = self.absence = self.health = None


def fold(facts: Iterable[Fact]) -> Timeline:
    """The timeline that these facts of one person tell, whatever order they are given in."""
    return fold_told(in_force(facts))


def fold_told(facts: Iterable[Fact]) -> Timeline:
    """The timeline of facts that are in force and in telling order already."""
    timeline = Timeline()
    for fact in facts:
        tell(timeline, fact)
    return timeline


def tell(timeline: Timeline, fact: Fact) -> None:
    """Continue a timeline by the fact that is told next."""
    _RULES[fact.kind](timeline, fact)


def _declare(t: Timeline, fact: Fact) -> None:
    """Take over the profile and the cases that an entry declares. What it leaves out stays as it was known."""
    t.profile = {**t.profile, **_given(fact.data["profile"])}
    for case in fact.data["cases"]:
        t.cases[case["case"]] = Case(tuple(case["offences"]), case.get("sentence"))
    t.restate(fact)


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _roll_opening(t: Timeline, fact: Fact) -> None:
    """On the roll already when the establishment joined: stock, no flow."""
    _enter(t, fact, "opening", counts=True)


def _admission(t: Timeline, fact: Fact) -> None:
    """An ingreso, or a recapture, which is an entry of its own and no new ingreso."""
    recaptured = fact.data["motive"] == RECAPTURE
    _enter(t, fact, "recapture" if recaptured else "admission", counts=not recaptured)


def _enter(t: Timeline, fact: Fact, cause: str, *, counts: bool) -> None:
    place = fact.data["establishment"]
    if t.custody is not None and t.custody.place == place:
        t.note("entered_twice", fact)  # nobody enters where they are: only what it declares is taken
        return _declare(t, fact)
    if t.custody is not None:
        t.note("entered_while_elsewhere", fact)  # an exit is missing: assume it now, as a correction
        t.leave(fact, "correction", counterparty=place)
        t.cases = {}
    if t.dead:
        t.note("entered_after_death", fact)  # the roll says the person is there: one of the two is about somebody else
        t.dead = False
    t.admissions = max(t.admissions + counts, fact.data.get("declared_admissions", 1))
    _declare(t, fact)
    t.enter(place, fact, cause, motive=fact.data.get("motive", ""))
    return None


def _exit(t: Timeline, fact: Fact) -> None:
    """An egreso. It counts where the person is, and cases that held the person hold no longer."""
    t.dead = t.dead or fact.kind == "death"
    if t.custody is None:
        return t.note("exit_while_not_inside", fact)
    if t.custody.place != fact.data["establishment"]:
        t.note("exit_from_elsewhere", fact)
    t.leave(fact, fact.kind, motive=fact.data.get("motive") or "", liberty_type=fact.data.get("liberty_type", ""))
    t.cases = {}
    return t.restate(fact)


def _departure(t: Timeline, fact: Fact) -> None:
    """First leg of a traslado: in transit, still on the roll of the origin."""
    if t.custody is None or t.custody.place != fact.data["establishment"]:
        return t.note("departure_while_not_there", fact)
    if t.transit is not None:
        return t.note("departed_twice", fact)
    t.transit = t.open(
        "transit",
        t.custody.place,
        fact,
        "start",
        counterparty=fact.data["destination"],
        motive=fact.data.get("motive") or "",
    )
    return None


def _arrival(t: Timeline, fact: Fact) -> None:
    """Second leg: off the origin's roll and on the destination's, in one instant."""
    place = fact.data["establishment"]
    if t.custody is None:
        t.note(
            "arrival_while_not_inside", fact, fact.data["origin"]
        )  # an entry is missing: assume it now, as a correction
        return t.enter(place, fact, "correction", counterparty=fact.data["origin"])
    if t.custody.place == place:
        return t.note("arrival_where_already_is", fact)
    if t.transit is None:
        t.note("arrival_without_departure", fact)
    elif t.transit.opened_with["counterparty"] != place:
        t.note("arrived_elsewhere", fact)
    origin, motive = t.custody.place, t.transit.opened_with.get("motive", "") if t.transit else ""
    t.leave(fact, "transfer_out", counterparty=place, motive=motive)
    return t.enter(place, fact, "transfer_in", counterparty=origin, motive=motive)


def _absence_start(t: Timeline, fact: Fact) -> None:
    """A conducción: away for a court or a hospital, still on the roll."""
    if t.custody is None:
        return t.note("absent_while_not_inside", fact)
    if t.absence is not None:
        return t.note("absent_twice", fact)
    t.absence = t.open("absence", t.custody.place, fact, "start", motive=fact.data["reason"])
    return None


def _absence_end(t: Timeline, fact: Fact) -> None:
    if t.absence is None:
        return t.note("returned_while_not_absent", fact)
    t.absence.close(fact.at_ms, "end")
    t.absence = None
    return None


def _case_opened(t: Timeline, fact: Fact) -> None:
    """One more case detains; opened anew, a case is what it was last said to be."""
    t.cases[fact.data["case"]] = Case(tuple(fact.data["offences"]), fact.data.get("sentence"))
    t.restate(fact)


def _case_changed(t: Timeline, fact: Fact) -> None:
    """What is left out stays. A change of a case that is not known opens it, if it says the offences."""
    known = t.cases.get(fact.data["case"])
    offences = fact.data.get("offences") or (known.offences if known else ())
    if known is None:
        t.note("changed_case_not_open", fact)
    if not offences:
        return
    sentence = fact.data.get("sentence") or (known.sentence if known else None)
    t.cases[fact.data["case"]] = Case(tuple(offences), sentence)
    t.restate(fact)


def _case_closed(t: Timeline, fact: Fact) -> None:
    if t.cases.pop(fact.data["case"], None) is None:
        t.note("closed_case_not_open", fact)
    t.restate(fact)


def _profile_change(t: Timeline, fact: Fact) -> None:
    t.profile = {**t.profile, **_given(fact.data["profile"])}
    t.restate(fact)


def _health(t: Timeline, fact: Fact) -> None:
    """Tuberculosis is counted while in custody; a new diagnosis takes the place of the one before."""
    t.condition = fact.data["condition"] if fact.data["event"] == "diagnosed" else ""
    if t.custody is None:
        return
    if t.health is not None and not t.condition:
        t.health.close(fact.at_ms, "end")
        t.health = None
    elif t.health is not None:
        t.health.standings.append(Standing(fact.at_ms, t.attributes(), t.condition))
    elif t.condition:
        t.health = t.open("health", t.custody.place, fact, "start", t.condition)


def _child_entry(t: Timeline, fact: Fact) -> None:
    """A child is counted apart from the population, with its own sex and age, until a fact says that it left."""
    if fact.data["child"] in t.children:
        return t.note("child_entered_twice", fact, t.children[fact.data["child"]].place)
    own = NOBODY._replace(sex=fact.data["sex"], birth_month=birth_month(fact.data["birth_date"]))
    spell = Spell("child", fact.data["establishment"], fact.at_ms, "start", Standing(fact.at_ms, own, ""))
    t.spells.append(spell)
    t.children[fact.data["child"]] = spell
    return None


def _child_exit(t: Timeline, fact: Fact) -> None:
    spell = t.children.pop(fact.data["child"], None)
    if spell is None:
        return t.note("child_exit_while_not_inside", fact)
    return spell.close(fact.at_ms, "end")


def _supervision_start(t: Timeline, fact: Fact) -> None:
    """Medio libre: each open supervision is a spell of its own, at the unit that supervises."""
    data = fact.data
    if data["supervision"] in t.supervisions:
        return t.note("supervision_started_twice", fact)
    t.profile = {**t.profile, **_given(data.get("profile") or {})}
    t.restate(fact)
    detail = "|".join((data["service"], data["state"], data["wrong"], data.get("offence") or ""))
    t.supervisions[data["supervision"]] = t.open("supervision", data["unit"], fact, "start", detail)
    return None


def _supervision_change(t: Timeline, fact: Fact) -> None:
    """A changed service or state stands anew; a changed unit is a transfer between units."""
    spell = t.supervisions.get(fact.data["supervision"])
    if spell is None:
        return t.note("supervision_not_open", fact)
    service, state, wrong, offence = spell.standings[-1].detail.split("|")
    detail = "|".join((fact.data.get("service") or service, fact.data.get("state") or state, wrong, offence))
    unit = fact.data.get("unit") or spell.place
    if unit == spell.place:
        spell.standings.append(Standing(fact.at_ms, t.attributes(), detail))
        return None
    spell.close(fact.at_ms, "transfer_out", counterparty=unit)
    t.supervisions[fact.data["supervision"]] = t.open(
        "supervision", unit, fact, "transfer_in", detail, counterparty=spell.place
    )
    return None


def _supervision_end(t: Timeline, fact: Fact) -> None:
    spell = t.supervisions.pop(fact.data["supervision"], None)
    if spell is None:
        return t.note("supervision_not_open", fact)
    return spell.close(fact.at_ms, "end", motive=fact.data["cause"])


def _nothing_yet(t: Timeline, fact: Fact) -> None:
    """Said about the person, but not by itself a part of a timeline."""


_RULES: dict[str, Callable[[Timeline, Fact], None]] = {
    "roll_opening": _roll_opening,
    "admission": _admission,
    "release": _exit,
    "death": _exit,
    "escape": _exit,
    "transfer_departure": _departure,
    "transfer_arrival": _arrival,
    "absence_start": _absence_start,
    "absence_end": _absence_end,
    "case_opened": _case_opened,
    "case_changed": _case_changed,
    "case_closed": _case_closed,
    "profile_change": _profile_change,
    "health": _health,
    "child_entry": _child_entry,
    "child_exit": _child_exit,
    "supervision_start": _supervision_start,
    "supervision_change": _supervision_change,
    "supervision_end": _supervision_end,
    "identity_merge": _nothing_yet,
}
