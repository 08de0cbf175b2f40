"""A shelf shows the files of a job whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.adapters.files.shelf import FolderShelf


@pytest.fixture
def shelf(tmp_path: Path) -> FolderShelf:
    return FolderShelf(tmp_path / "exports")


def put(shelf: FolderShelf, text: str, owner: str = "a") -> None:
    with shelf.draft("job", owner) as draft:
        (draft.folder / "f").write_text(text)
        draft.publish()


def test_a_draft_is_seen_once_it_is_published(shelf: FolderShelf) -> None:
    with shelf.draft("job", "a") as draft:
        (draft.folder / "f").write_text("all")
        assert not shelf.path("job", "f").exists()
        draft.publish()
    assert shelf.path("job", "f").read_text() == "all"


def test_a_draft_that_is_not_published_is_gone(shelf: FolderShelf, tmp_path: Path) -> None:
    with shelf.draft("job", "a") as draft:
        (draft.folder / "f").write_text("half")
    assert list((tmp_path / "exports").iterdir()) == []


def test_what_was_published_first_stays(shelf: FolderShelf) -> None:
    put(shelf, "first")
    put(shelf, "second", owner="b")
    assert shelf.path("job", "f").read_text() == "first"


def test_a_new_draft_clears_away_what_a_killed_owner_left(shelf: FolderShelf, tmp_path: Path) -> None:
    left = tmp_path / "exports" / ".job.dead"
    left.mkdir(parents=True)
    (left / "f").write_text("half")
    put(shelf, "all")
    assert not left.exists()


def test_discarded_files_are_gone(shelf: FolderShelf) -> None:
    put(shelf, "all")
    shelf.discard("job")
    shelf.discard("job")
    assert not shelf.path("job", "f").exists()
