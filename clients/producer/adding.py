"""Takes the rows of a file into the journal and says of each what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from clients.producer.facts import Facts, Row
from clients.producer.faults import Fault, told
from clients.producer.journal import Added, SiteJournal
from clients.producer.reading import Entry, entries
from clients.producer.workbook import Place, write_results

_TAKEN = {
    "new": "anotada",
    "known": "ya estaba anotada",
    "again": "anotada de nuevo para enviarse",
}
_OTHER_FACT = (
    "ya hay un hecho del mismo tipo, persona y momento que dice otra cosa: si son dos hechos, dé a este un "
    "identificador propio; si el anterior está mal y ya fue aceptado, anúlelo o enmiéndelo"
)
_OTHER_ID = "este identificador ya dice otra cosa: un hecho enviado no se cambia, se anula o se enmienda"


def add(path: Path, facts: Facts, journal: SiteJournal, say: Callable[[str], object]) -> bool:
    """Take a file as a whole; True if every row is in the journal. In a workbook each row is told so in its place.

    A wrong row does not stop the others: it is told to `say`, stays out of the journal, and may be corrected and added
    again with the whole file. Raises FileError.
    """
    results: dict[Place, str] = {}
    wrong = 0
    with journal.together():
        for entry in entries(path):
            result, taken = _take(entry, path.name, facts, journal)
            results[entry.place] = result
            if not taken:
                wrong += 1
                say(f"{_origin(path.name, entry.place)}: {result}")
    if path.suffix.lower() == ".xlsx":
        write_results(path, results)
    say(f"{path.name}: {len(results) - wrong} filas en el cuaderno, {wrong} con error.")
    return not wrong


def _take(entry: Entry, name: str, facts: Facts, journal: SiteJournal) -> tuple[str, bool]:
    """What to say of a row, and whether it is in the journal."""
    row = entry.said if isinstance(entry.said, Fault) else facts.row(entry.said)
    if isinstance(row, Fault):
        return f"ERROR: {told(entry.kind, row)}", False
    added = journal.add(row, _origin(name, entry.place))
    if added == "other":
        given = isinstance(entry.said, dict) and "id" in entry.said
        return f"ERROR: {_OTHER_ID if given else _OTHER_FACT}", False
    return _taken(added, row), True


def _taken(added: Added, row: Row) -> str:
    return f"{_TAKEN[added]}: {row.id}"


def _origin(name: str, place: Place) -> str:
    return ":".join(filter(None, (name, place.sheet, str(place.row))))
