"""What the kit is told by its environment: who speaks, ingest's address and key, and where the journal is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

PREFIX = "SIEP_"
_EXPECTED = {
    "source": "el código de este establecimiento, como ep-066",
    "ingest": "la dirección de ingest, que empieza por https://",
    "key": "la clave de este establecimiento, de 16 caracteres o más",
    "journal": "una carpeta",
}


class SettingsError(Exception):
    """A variable is missing or wrong; the Spanish text names it and never shows its value."""


class ProducerSettings(BaseSettings):
    """`SIEP_SOURCE`, `SIEP_INGEST`, `SIEP_KEY`, and `SIEP_JOURNAL`, the folder of journals. Raises SettingsError."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    source: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    ingest: Annotated[str, Field(pattern=r"^https?://")]
    key: Annotated[SecretStr, Field(min_length=16)]  # ids are derived from it: a short one could be guessed
    journal: Path = Field(default_factory=lambda: Path.home() / ".siep")

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:  # the original would print the values
            wrong = [str(fault["loc"][0]) for fault in error.errors(include_input=False, include_url=False)]
            raise SettingsError(
                "; ".join(f"{PREFIX}{name.upper()} debe ser {_EXPECTED[name]}" for name in wrong)
            ) from None

    @property
    def journal_file(self) -> Path:
        """One journal for each establishment that this machine speaks for."""
        return self.journal / f"{self.source}.sqlite"
