"""`siep-producer`, for the people of an establishment, in Spanish. Exit code: 0 all is well, 1 rows remain, 2 else."""

from __future__ import annotations

import argparse
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NoReturn

import httpx

from clients.producer.adding import add
from clients.producer.columns import kind_named
from clients.producer.facts import Facts
from clients.producer.faults import Fault, in_spanish
from clients.producer.files import FileError
from clients.producer.journal import SiteJournal, Standing, open_journal
from clients.producer.sending import Sender
from clients.producer.settings import ProducerSettings, SettingsError
from clients.producer.words import KINDS
from clients.producer.workbook import write_template

SECONDS = 60.0
"""How long a line may be silent before it counts as broken."""

_HELP = {
    "usage:": "uso:",
    "positional arguments:": "argumentos:",
    "options:": "opciones:",
    "show this help message and exit": "mostrar esta ayuda",
}

STATES = {
    "waiting": "en el cuaderno, sin enviar",
    "unknown": "no se sabe si llegó: se enviará otra vez",
    "accepted": "aceptada",
    "quarantined": "en cuarentena",
    "rejected": "rechazada",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.command == "template":
            return _template(asked.kind, asked.file)
        settings = ProducerSettings()
        with open_journal(settings.journal_file) as journal:
            return _done(asked, settings, journal)
    except (SettingsError, FileError) as error:
        print(error, file=sys.stderr)
    except (sqlite3.Error, OSError) as error:
        print(f"No se puede usar el cuaderno: {error}", file=sys.stderr)
    return 2


class _Parser(argparse.ArgumentParser):
    """Says in Spanish what argparse says in English."""

    def error(self, message: str) -> NoReturn:  # noqa: ARG002 - argparse's own words
        """End, after saying how the command is written."""
        self.exit(2, f"Esta orden no se entiende. Se escribe así:\n{self.format_help()}")

    def format_help(self) -> str:
        """The help of a command."""
        text = super().format_help()
        for english, spanish in _HELP.items():
            text = text.replace(english, spanish)
        return text


def _parser() -> argparse.ArgumentParser:
    parser = _Parser("siep-producer", description="Anota hechos y los envía cuando hay línea.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="ORDEN")
    adding = commands.add_parser("add", help="anotar en el cuaderno las filas de archivos NDJSON, CSV o XLSX")
    adding.add_argument("files", nargs="+", type=Path, metavar="ARCHIVO")
    commands.add_parser("send", help="enviar lo que espera; si se corta, se ejecuta otra vez")
    commands.add_parser("status", help="mostrar qué fue de cada fila")
    making = commands.add_parser("template", help="hacer una plantilla de Excel para un tipo de hecho")
    making.add_argument("kind", metavar="TIPO", help=", ".join(f"{kind} ({name})" for kind, name in KINDS.items()))
    making.add_argument("file", type=Path, metavar="ARCHIVO.xlsx")
    purging = commands.add_parser("purge", help="borrar el contenido de las filas aceptadas hace más de DÍAS días")
    purging.add_argument("days", type=int, metavar="DÍAS")
    return parser


def _done(asked: argparse.Namespace, settings: ProducerSettings, journal: SiteJournal) -> int:
    match asked.command:
        case "add":
            facts = Facts(settings.source, settings.key.get_secret_value())
            fine = [add(path, facts, journal, _say) for path in asked.files]
            return 0 if all(fine) else 1
        case "send":
            return 0 if _send(settings, journal) and _all_accepted(journal) else 1
        case "status":
            return _status(journal)
        case _:
            count = journal.purge(_now() - timedelta(days=asked.days))
            _say(f"Se borró el contenido de {count} filas aceptadas; sus identificadores quedan.")
            return 0


def _template(kind: str, path: Path) -> int:
    known = kind_named(kind)
    if known is None:
        raise FileError(f"No hay plantilla de ese tipo. Hay: {', '.join(KINDS)}")
    write_template(known, path)
    _say(f"{path.name}: la hoja «Columnas» explica cada columna; las obligatorias están en negrita.")
    return 0


def _send(settings: ProducerSettings, journal: SiteJournal) -> bool:
    headers = {"Authorization": f"Bearer {settings.key.get_secret_value()}"}
    with httpx.Client(base_url=settings.ingest, headers=headers, timeout=SECONDS) as client:
        return Sender(journal, client, _now, time.sleep, _say).send()


def _all_accepted(journal: SiteJournal) -> bool:
    fine = all(row.state == "accepted" for row in journal.standings())
    if not fine:
        _say("Hay filas que no fueron aceptadas: «siep-producer status» dice por qué.")
    return fine


def _status(journal: SiteJournal) -> int:
    counts: Counter[str] = Counter()
    for row in journal.standings():
        counts[row.state] += 1
        _say("\t".join((row.origin, KINDS.get(row.kind, row.kind), row.time, row.id, _fate(row))))
    for state, text in STATES.items():
        _say(f"{counts[state]:7} {text}")
    return 0 if counts.total() == counts["accepted"] else 1


def _fate(row: Standing) -> str:
    if not row.code:
        return STATES[row.state]
    fault = Fault(row.field, row.code, row.expected)
    return f"{STATES[row.state]}: {in_spanish(row.kind, fault)} [{row.code}]"


def _say(text: str) -> None:
    print(text, flush=True)  # whoever watches a slow line sees each step


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the one place of the kit that reads the machine's clock


if __name__ == "__main__":
    sys.exit(main())
