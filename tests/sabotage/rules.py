"""Each rule that keeps a count right, how it is taken out, and the test that must then fail."""

from __future__ import annotations

from typing import NamedTuple


class Rule(NamedTuple):
    """`text` stands once in `file`; with `instead` in its place the rule is gone, and `test` must fail."""

    rule: str
    file: str
    text: str
    instead: str
    test: str


_QUERIES = "shared/adapters/clickhouse/queries"

RULES = (
    Rule(
        "a writer who stands elsewhere than the journal is refused",
        f"{_QUERIES}/append.sql",
        "<> {next_offset:UInt64},",
        "<> {next_offset:UInt64} AND false,",
        "tests/contract/test_journal.py::test_an_append_behind_the_position_is_refused_and_writes_nothing",
    ),
    Rule(
        "an insert that is made again counts once",
        "shared/adapters/clickhouse/journal.py",
        '"deduplicate_insert": "enable",\n    "deduplicate_insert_select": "force_enable",',
        '"deduplicate_insert": "disable",\n    "deduplicate_insert_select": "disable",',
        "tests/contract/test_journal.py::test_two_inserts_that_pass_the_guard_together_make_one_batch",
    ),
    Rule(
        "after a write that broke off, the journal says what landed",
        "services/aggregator/handlers.py",
        "            if reached.next_offset != position.next_offset:\n                return reached\n",
        "            if not answered or reached.next_offset != position.next_offset:\n"
        "                return Position(folded.next_offset, *reached[1:])\n",
        "tests/integration/test_half_done_writes.py",
    ),
    Rule(
        "the journal says where to begin, not the consumer group",
        "shared/adapters/kafka/reader.py",
        "                self._consumer.seek(place, start)\n            found = (await",
        "                await self._consumer.seek_to_end(place)\n            found = (await",
        "tests/e2e/test_new_group.py",
    ),
    Rule(
        "a closed connection ends no task of a Kafka client",
        "shared/adapters/kafka/closed.py",
        "        except RuntimeError as error:\n",
        "        except ZeroDivisionError as error:\n",
        "tests/integration/test_log_reader.py",
    ),
    Rule(
        "the log of record is kept for ever",
        "shared/contracts/topics.py",
        "    retention_days=None,",
        "    retention_days=7,",
        "tests/integration/test_topics.py",
    ),
    Rule(
        "a record's age in the log goes by the append, not by what it tells",
        "shared/adapters/kafka/topics.py",
        '"message.timestamp.type": "LogAppendTime"',
        '"message.timestamp.type": "CreateTime"',
        "tests/integration/test_topics.py",
    ),
    Rule(
        "a source and id counts once, without any window of time",
        "shared/domain/history.py",
        "return self._known.get((fact.source, fact.id))",
        "return None",
        "tests/property/test_merging.py",
    ),
    Rule(
        "an arrival takes the person off the roll of the origin",
        "shared/domain/custody.py",
        '    t.leave(fact, "transfer_out", counterparty=place, motive=motive)\n',
        "",
        "tests/spec/test_rules.py",
    ),
    Rule(
        "whoever departed twice departed once",
        "shared/domain/custody.py",
        '        return t.note("departed_twice", fact)\n',
        '        t.note("departed_twice", fact)\n',
        "tests/spec/test_rules.py",
    ),
    Rule(
        "who enters where they are does not enter again",
        "shared/domain/custody.py",
        "        return _declare(t, fact)\n",
        "        _declare(t, fact)\n",
        "tests/spec/test_rules.py",
    ),
    Rule(
        "an exit told by another establishment is an exit",
        "shared/domain/custody.py",
        '        t.note("exit_from_elsewhere", fact)\n',
        '        return t.note("exit_from_elsewhere", fact)\n',
        "tests/spec/test_rules.py",
    ),
    Rule(
        "an amendment or a void holds for what it names, in whatever order they come",
        "shared/domain/history.py",
        "            and fact.kind not in _CORRECTIONS\n",
        "",
        "tests/property/test_ledger.py",
    ),
    Rule(
        "a fact that is told late is told at its own time",
        "shared/domain/history.py",
        "            and (self._last is None or order(fact) > order(self._last))\n",
        "",
        "tests/property/test_ledger.py",
    ),
    Rule(
        "what was not known then is not counted then",
        f"{_QUERIES}/parts/known.sql",
        "AND offset < {known_next:Array(UInt64)}[partition + 1] -- @when known_by_position\n",
        "",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "a figure begins at a checkpoint that was wholly known then",
        "shared/adapters/clickhouse/checkpoints.py",
        "if one.month <= close + ONE_DAY and one.was_known(at))",
        "if one.month <= close + ONE_DAY)",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what was learnt since a checkpoint about the time before it counts",
        f"{_QUERIES}/parts/stock_moments.sql",
        "        AND recorded_day >= {base:Date} -- @when from_checkpoint\n",
        "        AND effective_day >= {base:Date} -- @when from_checkpoint\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "a person counts once, whatever the number of supervisions",
        f"{_QUERIES}/supervised_persons.sql",
        "    uniqExact(person) AS persons,\n",
        "    count() AS persons,\n",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "who of the supervised is inside is told as it was known",
        f"{_QUERIES}/supervised_persons.sql",
        "-- @include known\n                AND person IN (",
        "                AND person IN (",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "what was learnt since a checkpoint about the time before it is in the opening of a balance",
        f"{_QUERIES}/balance.sql",
        "        AND recorded_day >= {base:Date} -- @when from_checkpoint\n",
        "        AND recorded_day > '2149-01-01' -- @when from_checkpoint\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "what a checkpoint knows of the time after it keeps its day",
        f"{_QUERIES}/append_checkpoint.sql",
        "    greatest(effective_day, {month:Date} - 1) AS day, establishment, sex, legal_status,\n",
        "    {month:Date} - 1 AS day, establishment, sex, legal_status,\n",
        "tests/integration/test_checkpoints.py",
    ),
    Rule(
        "how far a partition had come before a checkpoint is not forgotten",
        f"{_QUERIES}/parts/reached.sql",
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
        f"{_QUERIES}/balance.sql",
        "FROM place WHERE since >= {first_day:Date} AND since <= {last_day:Date}",
        "FROM place WHERE since > {last_day:Date}",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "a balance turns where an age becomes another",
        f"{_QUERIES}/balance.sql",
        "    , arrayMap(n -> toUInt16(addMonths(toStartOfMonth({first_day:Date}), n)), ",
        "    , arrayMap(n -> toUInt16(addYears(toStartOfMonth({first_day:Date}), n)), ",
        "tests/integration/test_figures.py",
    ),
    Rule(
        "a token that moved is told to the merged persons by whoever takes over",
        "services/aggregator/handlers.py",
        "        self.owing = True  # what others wrote meanwhile they may not have told\n",
        "",
        "tests/simulation/test_merged.py",
    ),
    Rule(
        "what partitions owe each other is known by the row it comes from",
        "services/aggregator/courier.py",
        "if one.told.partition in ready and one.told not in known]",
        "if one.told.partition in ready]",
        "tests/unit/aggregator/test_courier.py",
    ),
    Rule(
        "the histories' mark moves only from where it stood",
        "shared/adapters/redis/histories.py",
        "if mark ~= tonumber(ARGV[1]) then return 0 end\n",
        "",
        "tests/contract/test_histories.py",
    ),
    Rule(
        "a part that was lost stops the partition",
        "services/aggregator/handlers.py",
        "        if missing:\n",
        "        if missing < 0:\n",
        "tests/integration/test_journal_table.py",
    ),
    Rule(
        "a topic that was made anew is not read as the old one",
        "services/aggregator/handlers.py",
        "first.value != recorded",
        "first.value == b''",
        "tests/integration/test_journal_table.py",
    ),
    Rule(
        "a record from the future stops the partition",
        "services/aggregator/handlers.py",
        "AHEAD_MAX_MS = 5 * 60_000",
        "AHEAD_MAX_MS = 10**15",
        "tests/integration/test_journal_table.py",
    ),
    Rule(
        "accepted is said only of what the log has acknowledged",
        "shared/adapters/kafka/publisher.py",
        "                acknowledgement.result()\n",
        "                acknowledgement.done()\n",
        "tests/integration/test_ingest_publisher.py",
    ),
    Rule(
        "a bad message never stops its neighbours",
        "services/ingest/handlers.py",
        "            refused.append(RefusedLine(number, result))\n",
        "            refused.append(RefusedLine(number, result))\n            break\n",
        "tests/unit/ingest/test_handlers.py",
    ),
    Rule(
        "a source that floods is blocked, and no other",
        "services/ingest/flooding.py",
        "            fresh = await self._blocks.count(source, bad, now)\n",
        "            fresh = False\n",
        "tests/unit/ingest/test_flooding.py",
    ),
    Rule(
        "a replay tells nothing again before the journal has the last one",
        "services/ingest/replaying.py",
        "        await self._caught_up(patience_seconds, pause_seconds)\n",
        "",
        "tests/unit/ingest/test_replaying.py",
    ),
    Rule(
        "under too much load a request is refused before it is read",
        "services/ingest/room.py",
        "            raise SlowDownError(",
        "            SlowDownError(",
        "tests/unit/ingest/test_room.py",
    ),
    Rule(
        "a row without an id gets the same on every machine",
        "clients/producer/facts.py",
        'self._key = hmac.digest(key.encode(), b"siep-producer: derived ids, 1", hashlib.sha256)',
        'self._key = hmac.digest(str(id(self)).encode(), b"siep-producer: derived ids, 1", hashlib.sha256)',
        "tests/unit/producer/test_facts.py",
    ),
    Rule(
        "a row is marked as under way before its first byte leaves",
        "clients/producer/journal.py",
        '        self._mark("unknown", "waiting", rows)\n',
        "",
        "tests/unit/producer/test_journal.py",
    ),
    Rule(
        "an establishment is told its own anomalies and no other's",
        "services/gateway/callers.py",
        "            return self.establishment or asked\n",
        "            return asked\n",
        "tests/integration/test_discrepancies.py",
    ),
    Rule(
        "who could explain a headcount is told to that establishment alone",
        "services/gateway/callers.py",
        "        if self.establishment != establishment:\n",
        "        if False:\n",
        "tests/integration/test_discrepancies.py",
    ),
    Rule(
        "no identifier goes further than ingest",
        "services/ingest/tokens.py",
        '        return "k1:" + outer.hexdigest()\n',
        '        return "k1:" + identifier\n',
        "tests/unit/ingest/test_tokens.py",
    ),
    Rule(
        "a job of exports that another owner has now is left to it",
        "services/exports/handlers.py",
        "            if self._lost.is_set():\n",
        "            if False:\n",
        "tests/unit/exports/test_handlers.py",
    ),
    Rule(
        "a DNI that lost its zeros is not taken for another person",
        "shared/contracts/terms.py",
        '        if info.data.get("document") == "dni" and not re.match(_DNI, number):\n',
        "        if False:\n",
        "tests/unit/ingest/test_people.py::test_a_dni_has_eight_digits_and_other_documents_as_many_as_they_have",
    ),
    Rule(
        "nobody is held who was not born, or a child, at the time",
        "shared/contracts/births.py",
        '    if of_the_person and _age(of_the_person, fact["time"]) < YOUNGEST:\n',
        "    if False:\n",
        "tests/unit/ingest/test_people.py::test_who_is_held_was_born_fourteen_years_before_what_is_told",
    ),
    Rule(
        "the name of an unknown field is not told if it may be a document",
        "shared/contracts/terms.py",
        '    return re.fullmatch(r"[a-z][A-Za-z_]{0,39}", field) is not None\n',
        "    return True\n",
        "tests/unit/ingest/test_screening.py",
    ),
    Rule(
        "a stock of a day that has yet to come is not told as if it were today's",
        "services/gateway/handlers.py",
        "        if at and at > today:\n",
        "        if False:\n",
        "tests/integration/test_gateway.py",
    ),
)
