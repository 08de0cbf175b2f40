"""Finished files in a folder: one subfolder per job, which appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FolderDraft:
    """See shared.ports.Draft."""

    folder: Path
    place: Path

    def publish(self) -> None:
        """See shared.ports.Draft."""
        for file in self.folder.iterdir():
            _to_disk(file)
        _to_disk(self.folder)
        try:
            self.folder.rename(self.place)
        except OSError as error:
            # It stands there already: another owner was first, with the same bytes.
            if error.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise
        _to_disk(self.place.parent)


class FolderShelf:
    """See shared.ports.ExportShelf. The folder may be shared by several machines."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def draft(self, job_id: str, owner: str) -> Iterator[FolderDraft]:
        """See shared.ports.ExportShelf."""
        self._clear(job_id)
        folder = self._folder / f".{job_id}.{owner}"
        folder.mkdir(parents=True)
        try:
            yield FolderDraft(folder, self._folder / job_id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def path(self, job_id: str, name: str) -> Path:
        """See shared.ports.ExportShelf."""
        return self._folder / job_id / name

    def discard(self, job_id: str) -> None:
        """See shared.ports.ExportShelf."""
        self._clear(job_id)
        shutil.rmtree(self._folder / job_id, ignore_errors=True)

    def _clear(self, job_id: str) -> None:
        for draft in self._folder.glob(f".{job_id}.*"):
            shutil.rmtree(draft, ignore_errors=True)


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
