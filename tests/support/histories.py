"""Hypothesis strategies: histories of one person or establishment as they might be told, contradictions included."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from shared.domain.facts import DAY_MS, Fact

ESTABLISHMENTS = ("ep-001", "ep-002", "ep-003")
FIRST_DAY = 17_700  # 2018-06-18
SOURCES = st.sampled_from(ESTABLISHMENTS)
CASES = st.sampled_from(("k1:case-a", "k1:case-b"))

# Few days and few hours, so that facts meet on the same day and at the same instant.
INSTANTS = st.builds(
    lambda day, hour: (FIRST_DAY + day) * DAY_MS + hour * 3_600_000,
    st.integers(0, 6),
    st.sampled_from((0, 4, 5, 12, 23)),  # midnight in Lima is 05:00 UTC
)


def _optional(**fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=fields)


PROFILES = _optional(
    sex=st.sampled_from(("male", "female")),
    birth_date=st.sampled_from(("1990-02-03", "2004-12-31")),
    schooling=st.sampled_from(("secundaria-completa", "primaria-completa")),
    civil_status=st.sampled_from(("soltero", "casado")),
)
OFFENCES = st.lists(
    st.fixed_dictionaries(
        {
            "code": st.sampled_from(
                ("cp-189-robo-agravado", "cp-296-trafico-de-drogas", "cp-149-obligacion-alimentaria")
            )
        },
        optional={"attempt": st.booleans(), "main": st.booleans(), "rank": st.integers(1, 3)},
    ),
    min_size=1,
    max_size=2,
)
SENTENCES = st.one_of(
    st.none(),
    st.fixed_dictionaries({"months": st.integers(1, 400)}, optional={"joined": st.booleans()}),
    st.just({"life": True}),
)
DECLARED = st.lists(
    st.fixed_dictionaries({"case": CASES, "offences": OFFENCES}, optional={"sentence": SENTENCES}), max_size=2
)


def _of_kind(kind: str, **data: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, dict[str, Any]]]:
    return st.tuples(st.just(kind), st.fixed_dictionaries(data))


_ENTRY = {"establishment": SOURCES, "declared_admissions": st.integers(1, 3), "profile": PROFILES, "cases": DECLARED}
ORIGINALS = st.one_of(
    _of_kind("roll_opening", **_ENTRY),
    _of_kind("admission", motive=st.sampled_from(("nuevo-ingreso", "recaptura")), **_ENTRY),
    _of_kind("release", establishment=SOURCES, liberty_type=st.sampled_from(("pena-cumplida", "comparecencia-simple"))),
    _of_kind("death", establishment=SOURCES, motive=st.sampled_from((None, "accidente"))),
    _of_kind("escape", establishment=SOURCES),
    _of_kind(
        "transfer_departure", establishment=SOURCES, destination=SOURCES, motive=st.sampled_from((None, "seguridad"))
    ),
    _of_kind("transfer_arrival", establishment=SOURCES, origin=SOURCES),
    _of_kind("absence_start", establishment=SOURCES, reason=st.just("diligencia-judicial")),
    _of_kind("absence_end", establishment=SOURCES),
    _of_kind("case_opened", case=CASES, offences=OFFENCES, sentence=SENTENCES),
    _of_kind("case_changed", case=CASES, offences=st.one_of(st.none(), OFFENCES), sentence=SENTENCES),
    _of_kind("case_closed", case=CASES),
    _of_kind("profile_change", profile=PROFILES),
    _of_kind(
        "health", condition=st.sampled_from(("tb_sensitive", "tb_mdr")), event=st.sampled_from(("diagnosed", "cured"))
    ),
    _of_kind(
        "child_entry",
        establishment=SOURCES,
        child=st.just("k1:child"),
        sex=st.just("female"),
        birth_date=st.just("2017-05-01"),
    ),
    _of_kind("child_exit", establishment=SOURCES, child=st.just("k1:child")),
    _of_kind(
        "supervision_start",
        supervision=st.just("k1:s"),
        unit=st.sampled_from(("ml-lima", "ml-sur")),
        service=st.just("pospenitenciaria"),
        wrong=st.just("delito"),
        state=st.sampled_from(("activa", "pasiva")),
    ),
    _of_kind(
        "supervision_change",
        supervision=st.just("k1:s"),
        state=st.just("ejecutando"),
        unit=st.sampled_from((None, "ml-sur")),
    ),
    _of_kind("supervision_end", supervision=st.just("k1:s"), cause=st.just("pena-cumplida")),
)


_SITE = st.sampled_from(ESTABLISHMENTS[:1])
REFERENCE_DATA = st.one_of(
    _of_kind("capacity", establishment=_SITE, places=st.sampled_from((0, 90, 120))),
    _of_kind(
        "establishment",
        establishment=_SITE,
        office=st.sampled_from(("lima", "centro")),
        place=st.sampled_from(("150132", "120101")),
        houses=st.just("male"),
        name=st.just("Lurigancho"),
        open=st.booleans(),
    ),
    _of_kind(
        "population_reference",
        place=st.sampled_from(("15", "1501")),
        population=st.sampled_from((0, 900, 1_000)),
        vintage=st.sampled_from((2017, 2018)),
        origin=st.just("INEI"),
    ),
)


@st.composite
def _correction(draw: st.DrawFn, targets: list[Fact]) -> tuple[str, dict[str, Any]]:
    target = draw(st.sampled_from(targets))
    data: dict[str, Any] = {"target": {"source": target.source, "id": target.id}}
    if draw(st.booleans()):
        return "void", data
    kind, replacement = draw(ORIGINALS)
    return "amendment", {**data, "replacement": {"kind": kind, "at_ms": draw(INSTANTS), "data": replacement}}


@st.composite
def histories(draw: st.DrawFn, max_size: int = 12) -> list[Fact]:
    """Facts of one person in order of arrival: any kind, any time, doubled, amended, voided, contradictory."""
    facts: list[Fact] = []
    for number in range(draw(st.integers(1, max_size))):
        if facts and draw(st.integers(0, 9)) == 0:
            facts.append(draw(st.sampled_from(facts)))  # sent twice
            continue
        kind, data = draw(_correction(facts)) if facts and draw(st.integers(0, 4)) == 0 else draw(ORIGINALS)
        facts.append(Fact(draw(SOURCES), f"f{number}", kind, draw(INSTANTS), data))
    return draw(st.permutations(facts))


@st.composite
def statements(draw: st.DrawFn) -> list[Fact]:
    """Reference facts of one subject in order of arrival: any kind, any time, doubled."""
    said = draw(st.lists(st.tuples(INSTANTS, REFERENCE_DATA), min_size=1, max_size=10))
    facts = [Fact("inpe", f"f{number}", kind, at_ms, data) for number, (at_ms, (kind, data)) in enumerate(said)]
    doubled = draw(st.lists(st.sampled_from(facts), max_size=2))
    return draw(st.permutations([*facts, *doubled]))
