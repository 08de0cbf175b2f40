from __future__ import annotations

import io
import json
import logging
from datetime import UTC, datetime, timedelta, timezone

import pytest
from pydantic import BaseModel

from shared.runtime.clock import FixedClock, SystemClock
from shared.runtime.logs import JsonLines
from shared.runtime.settings import GatewaySettings, IngestSettings, Settings, SettingsError

KEY = "ab" * 32
TOKEN = "k1:" + "0f" * 32


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    for name in ("CLICKHOUSE_PASSWORD", "TOKEN_KEY", "INGEST_KEYS", "STATISTICIAN_TOKEN", "KAFKA", "PORT"):
        monkeypatch.delenv(f"SIEP_{name}", raising=False)


def test_every_missing_secret_is_named():
    with pytest.raises(
        SettingsError, match=r"SIEP_CLICKHOUSE_PASSWORD: is missing.*SIEP_STATISTICIAN_TOKEN: is missing"
    ):
        GatewaySettings()


def test_ingest_reads_its_keys(monkeypatch):
    monkeypatch.setenv("SIEP_CLICKHOUSE_PASSWORD", "swordfish")
    monkeypatch.setenv("SIEP_TOKEN_KEY", KEY)
    monkeypatch.setenv("SIEP_INGEST_KEYS", json.dumps({"ep-066": "0" * 64}))
    settings = IngestSettings()
    assert settings.ingest_keys == {"ep-066": "0" * 64}
    assert settings.token_key.get_secret_value() == KEY


@pytest.mark.parametrize(
    ("keys", "said"), [('{"ep-066": "secret"}', "SIEP_INGEST_KEYS.EP-066"), ("secret{", "ingest_keys")]
)
def test_a_wrong_value_is_named_and_not_repeated(monkeypatch, keys, said):
    monkeypatch.setenv("SIEP_TOKEN_KEY", KEY)
    monkeypatch.setenv("SIEP_INGEST_KEYS", keys)
    with pytest.raises(SettingsError, match=said) as caught:
        IngestSettings()
    assert "secret" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_a_secret_does_not_show(monkeypatch):
    monkeypatch.setenv("SIEP_CLICKHOUSE_PASSWORD", "swordfish")
    assert "swordfish" not in f"{Settings()!r} {Settings()}"


def test_a_fixed_clock_stands_until_it_is_moved():
    clock = FixedClock(datetime(2026, 1, 31, 19, tzinfo=timezone(timedelta(hours=-5))))
    assert clock.now() == clock.now() == datetime(2026, 2, 1, tzinfo=UTC)
    clock.advance(timedelta(days=1))
    assert clock.now().isoformat() == "2026-02-02T00:00:00+00:00"
    with pytest.raises(ValueError, match="offset"):
        FixedClock(datetime(2026, 1, 31))  # noqa: DTZ001 - the very mistake
    assert SystemClock().now().tzinfo is UTC


@pytest.fixture
def written():
    stream, handler, logger = io.StringIO(), logging.StreamHandler(), logging.getLogger("test_runtime")
    handler.setStream(stream)
    handler.setFormatter(JsonLines())
    logger.addHandler(handler)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_an_event_is_one_line_with_its_fields(written):
    logging.getLogger("test_runtime").warning("batch\nwritten", extra={"offset": 12_345_678, "partition": 3})
    [line] = written()
    assert (line["level"], line["message"], line["offset"], line["partition"]) == (
        "warning",
        "batch\nwritten",
        12_345_678,
        3,
    )
    assert datetime.fromisoformat(line["time"]).tzinfo is not None


def test_no_line_repeats_an_identifier(written):
    class Document(BaseModel):
        number: int

    logger = logging.getLogger("test_runtime")
    logger.warning("refused 45678901 of %s", TOKEN, extra={"subject": TOKEN, "seen": {"number": "45678901"}})
    for failing in (lambda: Document.model_validate({"number": "AB-45678901"}), lambda: {}[TOKEN]):
        try:
            failing()
        except Exception:
            logger.exception("failed")
    text = json.dumps(written())
    assert "45678901" not in text
    assert "0f0f" not in text
    assert len(written()) == 3
    assert "ValidationError" in written()[1]["error"]
