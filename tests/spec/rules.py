"""Every counting rule, chapter by chapter. The tests hold the fold to them; `docs/methodology.md` is made of them."""

from __future__ import annotations

from tests.spec import beside, contradictions, corrections, merging, movements, persons, reference_data
from tests.spec.rule import Chapter

CHAPTERS = (
    Chapter(
        "Entries, exits and transfers",
        "A person is on the roll of one establishment or of none. Whatever puts somebody on a roll or takes somebody off "
        "has a cause, and only movements are flows.",
        movements.RULES,
    ),
    Chapter(
        "What is counted about a person",
        "Attributes hold from the moment at which they are told. A change while the person is inside is a "
        "reclassification: one out of the old cell and one into the new, and no flow.",
        persons.RULES,
    ),
    Chapter(
        "Counted beside the population",
        "These counts have books of their own. Those in transit, absent, or ill are part of the population; children and "
        "people supervised in liberty are not.",
        beside.RULES,
    ),
    Chapter(
        "Facts that contradict each other",
        "Nothing valid is refused for contradicting what was told before. One rule applies, the person is counted once, "
        "and the contradiction is shown to the establishments concerned as an anomaly. The examples are as seen at the end of "
        "January.",
        contradictions.RULES,
    ),
    Chapter(
        "Late facts and corrections",
        "Facts are told in the order of the time at which they happened, so a late fact changes what came after it as if "
        "it had been there from the start. What was published is not lost: every figure can be asked as it was known before.",
        corrections.RULES,
    ),
    Chapter(
        "Merged persons",
        "A merge says that two documents are one person. What was told of either is then told of one, from the start; "
        "who merged whom, merges in a ring or told twice make no difference. A merge can be voided: then they are two again.",
        merging.RULES,
    ),
    Chapter(
        "Establishments, capacity and residents",
        "Reference data are facts too, told by INPE. Each statement holds from its time until the next one about the same "
        "thing; the old one leaves the book and the new one comes.",
        reference_data.RULES,
    ),
)
RULES = tuple(rule for chapter in CHAPTERS for rule in chapter.rules)
