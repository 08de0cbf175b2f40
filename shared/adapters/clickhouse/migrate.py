"""Brings the database to the newest form: `python -m shared.adapters.clickhouse.migrate`.

Migrations are numbered `.sql` files of one statement each, applied once, in order, never edited afterwards: the
checksum of each is kept, and an edit is refused. Running it twice changes nothing.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

from clickhouse_connect.driver.client import Client

from shared.adapters.clickhouse.client import connect
from shared.adapters.clickhouse.queries import statement
from shared.runtime.settings import Settings

_APPLIED = """
CREATE TABLE IF NOT EXISTS migration (name String, checksum String, applied_at DateTime DEFAULT now())
ENGINE = MergeTree ORDER BY name
"""


class MigrationEditedError(Exception):
    """A migration that was already applied has other content now."""


def migrations() -> list[tuple[str, str]]:
    """Name and statement of every migration, in order."""
    folder = files("shared.adapters.clickhouse") / "migrations"
    found = (entry for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return sorted((entry.name, entry.read_text(encoding="utf-8")) for entry in found)


def migrate(client: Client) -> list[str]:
    """Apply what is missing and return its names. Raises MigrationEditedError before touching anything."""
    client.command(_APPLIED)
    applied = {str(row[0]): str(row[1]) for row in client.query("SELECT name, checksum FROM migration").result_rows}
    pending = []
    for name, text in migrations():
        checksum = hashlib.sha256(text.encode()).hexdigest()
        if applied.get(name, checksum) != checksum:
            raise MigrationEditedError(f"[{name}] was applied with other content: add a new migration instead")
        if name not in applied:
            pending.append((name, text, checksum))
    for name, text, checksum in pending:
        client.command(text)
        client.insert("migration", [(name, checksum)], column_names=["name", "checksum"])
    return [name for name, _, _ in pending]


def prepare(settings: Settings, database: str) -> list[str]:
    """Create the database if it is not there, apply what is missing and return its names."""
    with connect(settings, database="default") as client:
        client.command(statement("create_database"), {"database": database})
    with connect(settings, database=database) as client:
        return migrate(client)


def main() -> None:
    """Bring the system's database to the newest form."""
    settings = Settings()
    for name in prepare(settings, settings.clickhouse_database):
        print(f"applied {name}")  # noqa: T201 - this is a command


if __name__ == "__main__":
    main()
