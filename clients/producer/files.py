"""What can go wrong with a file as a whole."""

from __future__ import annotations


class FileError(Exception):
    """A file cannot be read or written; the text is a Spanish sentence that says what to do."""
