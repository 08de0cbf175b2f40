"""Two documents that are one person. An example tells what was said of both."""

from __future__ import annotations

from tests.spec.rule import ADMITTED, COUNTED_IN, Rule, entry, target

MERGED = {"other": "k1:" + "0" * 63 + "1"}

RULES = (
    Rule(
        "Two documents of one person",
        "Their facts are one history, and its rules apply: admitted to a second prison under another document, the person "
        "counts there, and the missing exit from the first is assumed and shown.",
        (ADMITTED, (8, 10, "admission", entry("ep-002")), (9, 9, "identity_merge", MERGED)),
        (COUNTED_IN, "8 custody correction ep-001 -1 flow +0", "8 custody admission ep-002 +1 flow +1"),
        anomalies=("entered_while_elsewhere",),
    ),
    Rule(
        "A merge that is voided",
        "Whether a merge is in force is said under its own document: a void there parts the two again, and each counts by "
        "what was told of it alone. (The example is one of the two.)",
        (ADMITTED, (9, 9, "identity_merge", MERGED), (10, 9, "void", target(2))),
        (COUNTED_IN,),
    ),
)
