"""The rules by which a figure is read out of the journal, its checkpoints and rolls."""

from __future__ import annotations

from tests.sabotage.rule import QUERIES, Rule

RULES_OF_FIGURES = (
    Rule(
        "what was not known then is not counted then",
        f"{QUERIES}/parts/known.sql",
        "AND offset < {known_next:Array(UInt64)}[partition + 1] -- @when known_by_position\n",
        "",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "a figure begins at a checkpoint that was wholly known then",
        "shared/adapters/clickhouse/checkpoints.py",
        "for one in made[:none_later]}",
        "for one in made}",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "closes with checkpoints of their own lack no month between them",
        "shared/adapters/clickhouse/checkpoints.py",
        "takewhile(known.__contains__,",
        "filter(known.__contains__,",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what is known of its close counts at its close alone",
        f"{QUERIES}/parts/stock_moments.sql",
        "if(month = {base:Date}, toDate(65535), month)",
        "toDate(65535)",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what was learnt between two closes of the time before the first counts at the first",
        f"{QUERIES}/parts/stock_moments.sql",
        " OR held = {late:String} AND month > {opens:Date} AND month <= {base:Date})",
        ")",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "late news counts no longer where a checkpoint knows it",
        f"{QUERIES}/parts/stock_moments.sql",
        "dateTrunc({unit:String}, month - 1)) AS until",
        "toDate(65535)) AS until",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what was learnt since a checkpoint about the time before it counts",
        f"{QUERIES}/parts/stock_moments.sql",
        "        AND recorded_day >= {base:Date} -- @when from_checkpoint\n",
        "        AND effective_day >= {base:Date} -- @when from_checkpoint\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "a person counts once, whatever the number of supervisions",
        f"{QUERIES}/supervised_persons.sql",
        "    uniqExact(person) AS persons,\n",
        "    count() AS persons,\n",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "who of the supervised is inside is told as it was known",
        f"{QUERIES}/supervised_persons.sql",
        "-- @when from_checkpoint\n-- @include known\n",
        "-- @when from_checkpoint\n",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "who of the supervised left after a roll is not inside",
        f"{QUERIES}/supervised_persons.sql",
        "                AND recorded_day >= {base:Date} -- @when from_checkpoint\n-- @include known\n",
        "                AND recorded_day > '2149-01-01' -- @when from_checkpoint\n-- @include known\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "a roll that was made twice is read once",
        f"{QUERIES}/parts/stock_moments.sql",
        "        AND held = {held:String} AND month = {base:Date} -- @when one_base\n",
        "        AND month = {base:Date} -- @when one_base\n        AND held = {held:String} -- @when from_sums\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what a roll knows of the time after it keeps its day",
        f"{QUERIES}/append_roll.sql",
        "greatest(effective_day, {month:Date} - 1) AS day",
        "{month:Date} - 1 AS day",
        "tests/integration/test_checkpoints.py::test_what_was_told_ahead_of_a_month_is_not_counted_on_its_eve",
    ),
    Rule(
        "what was learnt since a checkpoint about the time before it is in the opening of a balance",
        f"{QUERIES}/balance.sql",
        "        AND recorded_day >= {base:Date} -- @when from_checkpoint\n",
        "        AND recorded_day > '2149-01-01' -- @when from_checkpoint\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what a checkpoint knows of the time after it keeps its day",
        f"{QUERIES}/append_checkpoint.sql",
        "    greatest(effective_day, {month:Date} - 1) AS day, establishment, sex, legal_status,\n",
        "    {month:Date} - 1 AS day, establishment, sex, legal_status,\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "how far a partition had come before a checkpoint is not forgotten",
        f"{QUERIES}/parts/reached.sql",
        "        , {base_next:Array(UInt64)}[partition + 1] -- @when from_checkpoint\n",
        "        , 0\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "a figure and its position are read from one snapshot",
        "shared/adapters/clickhouse/figures.py",
        '"enable_shared_storage_snapshot_in_query": 1,',
        '"enable_shared_storage_snapshot_in_query": 0,',
        "tests/integration/test_snapshot.py",
    ),
    Rule(
        "a balance turns where a place becomes another",
        f"{QUERIES}/balance.sql",
        "FROM place WHERE since >= {first_day:Date} AND since <= {last_day:Date}",
        "FROM place WHERE since > {last_day:Date}",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "a balance turns where an age becomes another",
        f"{QUERIES}/balance.sql",
        "    , arrayMap(n -> toUInt16(addMonths(toStartOfMonth({first_day:Date}), n)), ",
        "    , arrayMap(n -> toUInt16(addYears(toStartOfMonth({first_day:Date}), n)), ",
        "tests/integration/test_figures.py",
    ),
)
