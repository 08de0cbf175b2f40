"""What a process is told by its environment: variables with the prefix `SIEP_`, the same names everywhere.

A process reads the class that holds what it needs and no other secret: `Settings` for whoever talks to ClickHouse,
`IngestSettings` for ingest, `GatewaySettings` for the gateway. Secrets have no default and never show in a text or an
error. Raises SettingsError, which names each variable that is missing or wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableError

PREFIX = "SIEP_"
_Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Keys = Annotated[dict[str, _Sha256], Field(description="JSON: establishment code or `inpe` -> SHA-256 hex of its key")]


class SettingsError(Exception):
    """A variable of the environment is missing or wrong; the text names it and says what was expected."""


class ProcessSettings(BaseSettings):
    """What every process of the system may need; nothing secret."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    kafka: str = "127.0.0.1:9092"
    redis: str = "redis://127.0.0.1:6379/0"
    exports_dir: Path = Path(".local/exports")
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65_535)] = 8000

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SettingsError(_explain(error)) from None  # the original would print the values, secrets too
        except UnreadableError as error:
            raise SettingsError(f"a SIEP_ variable is not valid JSON: {error}") from None


class Settings(ProcessSettings):
    """What whoever reads or writes the journal needs."""

    clickhouse: str = "http://127.0.0.1:8123"
    clickhouse_database: str = "siep"
    clickhouse_user: str = "default"
    clickhouse_password: SecretStr


class IngestSettings(Settings):
    """What ingest needs: the key that makes tokens, who may speak for whom, and the journal for receipts."""

    token_key: Annotated[
        SecretStr, Field(min_length=64, description="HMAC key of person tokens: 32 bytes or more, in hex")
    ]
    ingest_keys: Keys


class GatewaySettings(Settings):
    """What the gateway needs: the journal, the statistician's token, and whose key is whose as at ingest."""

    statistician_token: Annotated[SecretStr, Field(min_length=16)]
    ingest_keys: Keys


def _explain(error: ValidationError) -> str:
    faults = error.errors(include_input=False, include_context=False, include_url=False)
    return "; ".join(f"{PREFIX}{'.'.join(map(str, fault['loc'])).upper()}: {_expectation(fault)}" for fault in faults)


def _expectation(fault: Any) -> str:
    if fault["type"] == "missing":
        return "is missing: set it in the environment (`make up` writes the local stack's to .local/env)"
    return str(fault["msg"])
