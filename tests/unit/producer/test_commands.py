"""What people type, and what they read; no document is ever in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from openpyxl import load_workbook

from clients.producer.__main__ import main
from clients.producer.journal import Fate, open_journal
from tests.support.tables import Said, write_csv, write_lines, write_workbook
from tests.unit.producer.test_sending import NOW


def release(number: str, liberty_type: str = "indulto", **said: str) -> Said:
    person = {"document": "dni", "number": number}
    time = "2026-02-03T17:05:00-05:00"
    return {"type": "siep.release.v1", "time": time, "data": {"person": person, "liberty_type": liberty_type}, **said}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SIEP_SOURCE", "ep-022")
    monkeypatch.setenv("SIEP_INGEST", "http://127.0.0.1:9")
    monkeypatch.setenv("SIEP_KEY", "one-key-of-the-establishment")
    monkeypatch.setenv("SIEP_JOURNAL", str(tmp_path / "journal"))
    return tmp_path


def test_the_same_rows_from_three_files_are_in_the_journal_once(home: Path, capsys: pytest.CaptureFixture[str]):
    facts = [release("00000017"), release("00000018")]
    files = [home / "a.ndjson", home / "a.csv", home / "a.xlsx"]
    for write, path in zip((write_lines, write_csv, write_workbook), files, strict=True):
        write(path, facts)
    assert main(["add", *map(str, files)]) == 0
    assert main(["status"]) == 1
    said = capsys.readouterr().out
    assert said.count("egreso por libertad\t2026-02-03T17:05:00-05:00\t") == 2
    assert "      2 en el cuaderno, sin enviar" in said
    assert "0000001" not in said


def test_errors_stand_beside_their_rows_and_are_gone_once_corrected(home: Path, capsys: pytest.CaptureFixture[str]):
    path = home / "a.xlsx"
    write_workbook(path, [release("00000017"), release("00000018"), release("00000019", id="19")])
    assert _change(path, "Tipo de libertad", 3, "indultos") == {}
    assert main(["add", str(path)]) == 1
    first = _change(path, "Tipo de libertad", 3, "Indulto [indulto]")
    assert first[3] == (
        "ERROR: Tipo de libertad: no está en el catálogo de este programa; "
        "parecidos: Indulto [indulto]; la hoja «Listas» de la plantilla los tiene todos"
    )
    assert first[2].startswith("anotada: ")
    assert first[4] == "anotada: 19"
    assert main(["add", str(path)]) == 0
    second = _change(path, "Tipo de libertad", 3, "Indulto [indulto]")
    assert [second[row].split(":")[0] for row in (2, 3, 4)] == ["ya estaba anotada", "anotada", "ya estaba anotada"]
    assert "0000001" not in capsys.readouterr().out


def _change(path: Path, label: str, row: int, content: str) -> dict[int, str]:
    """What the results say before this cell is changed."""
    book = load_workbook(path)
    sheet = book["egreso por libertad"]
    headings = [cell.value for cell in sheet[1]]
    at = headings.index("Resultado") + 1
    results = {number: sheet.cell(number, at).value for number in range(2, sheet.max_row + 1)}
    sheet.cell(row, headings.index(label) + 1, content)
    book.save(path)
    return {number: result for number, result in results.items() if result}


def test_two_facts_that_would_be_one_need_an_id(home: Path, capsys: pytest.CaptureFixture[str]):
    path = home / "a.ndjson"
    write_lines(path, [release("00000017"), release("00000017", "absolucion")])
    assert main(["add", str(path)]) == 1
    told = capsys.readouterr().out
    assert "a.ndjson:2: ERROR: ya hay un hecho del mismo tipo, persona y momento" in told
    write_lines(path, [release("00000017"), release("00000017", "absolucion", id="second-of-that-moment")])
    assert main(["add", str(path)]) == 0
    write_lines(path, [release("00000018", "absolucion", id="second-of-that-moment")])
    assert main(["add", str(path)]) == 1
    assert "este identificador ya dice otra cosa" in capsys.readouterr().out


def test_status_tells_what_ingest_did_not_take(home: Path, capsys: pytest.CaptureFixture[str]):
    write_lines(home / "a.ndjson", [release("00000017")])
    assert main(["add", str(home / "a.ndjson")]) == 0
    with open_journal(home / "journal/ep-022.sqlite") as journal:
        [row] = journal.waiting(9)
        journal.settle(
            [Fate(row.number, "quarantined", "time", "in_the_future", "a time at most 5 minutes ahead")], NOW
        )
    assert main(["status"]) == 1
    told = capsys.readouterr().out
    assert "en cuarentena: Fecha y hora: la fecha es posterior a la hora actual [in_the_future]" in told


def test_status_keeps_what_only_ingest_says(home: Path, capsys: pytest.CaptureFixture[str]):
    write_lines(home / "a.ndjson", [release("00000017")])
    assert main(["add", str(home / "a.ndjson")]) == 0
    with open_journal(home / "journal/ep-022.sqlite") as journal:
        [row] = journal.waiting(9)
        journal.settle([Fate(row.number, "quarantined", "data.liberty_type", "unknown_code", "a code of …")], NOW)
    assert main(["status"]) == 1
    told = capsys.readouterr().out
    assert "Tipo de libertad: no está en el catálogo de este programa (ingest: a code of …) [unknown_code]" in told


def test_purging_is_by_days(home: Path, capsys: pytest.CaptureFixture[str]):
    write_lines(home / "a.ndjson", [release("00000017")])
    assert main(["add", str(home / "a.ndjson")]) == 0
    with open_journal(home / "journal/ep-022.sqlite") as journal:
        [row] = journal.waiting(9)
        journal.settle([Fate(row.number, "accepted")], NOW.replace(year=2020))
    assert main(["purge", "30"]) == 0
    assert "contenido de 1 filas" in capsys.readouterr().out
    assert main(["status"]) == 0
    assert main(["add", str(home / "a.ndjson")]) == 0


def test_a_template_needs_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for name in ("SOURCE", "INGEST", "KEY", "JOURNAL"):
        monkeypatch.delenv(f"SIEP_{name}", raising=False)
    assert main(["template", "recuento físico", str(tmp_path / "a.xlsx")]) == 0
    assert (tmp_path / "a.xlsx").exists()


@pytest.mark.parametrize(("name", "wrong"), [("SOURCE", "EP 22"), ("INGEST", "ingest:8001"), ("KEY", "short-key")])
def test_a_wrong_setting_is_named_and_not_shown(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, wrong: str
):
    monkeypatch.setenv(f"SIEP_{name}", wrong)
    assert main(["status"]) == 2
    told = capsys.readouterr().err
    assert f"SIEP_{name} debe ser" in told
    assert wrong not in told


def test_a_file_that_is_not_there_leaves_nothing(home: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["add", str(home / "a.csv")]) == 2
    assert "a.csv no se puede leer: no está ahí" in capsys.readouterr().err


@pytest.mark.parametrize("said", [["help"], ["purge", "ayer"], ["template"], ["--help"], ["purge", "--help"]])
def test_how_it_is_used_is_said_in_spanish(said: list[str], capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main(said)
    told = "".join(capsys.readouterr())
    assert "uso: siep-producer" in told
    assert not any(word in told for word in ("usage", "argument ", "options", "show", "invalid", "error"))


def test_sending_is_not_well_while_a_row_stands_refused(home: Path, capsys: pytest.CaptureFixture[str]):
    path = home / "a.ndjson"
    write_lines(path, [release("00000017")])
    assert main(["add", str(path)]) == 0
    with open_journal(home / "journal/ep-022.sqlite") as journal:
        [waiting] = journal.waiting(9)
        journal.settle([Fate(waiting.number, "rejected", "source", "not_yours", "…")], NOW)
    assert main(["send"]) == 1
    assert "siep-producer status" in capsys.readouterr().out
