"""One line of JSON per event on standard error: `time`, `level`, `logger`, `message`, and what `extra` names.

No line carries an identifier of a person. Write constant messages and give counts, codes, positions as `extra`;
never a document, a payload or a token. What slips into a text is masked (tokens, runs of seven digits or more), and a
pydantic error is named without its text, because that repeats what it refused.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson
from pydantic import ValidationError

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_IDENTIFIER = re.compile(r"\bk1:[0-9a-f]+|(?<![\d.])\d{7,}(?![\d.])")


def mask(text: str) -> str:
    """The text without person tokens and without runs of seven digits or more."""
    return _IDENTIFIER.sub("[masked]", text)


class JsonLines(logging.Formatter):
    """Formats a record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line; never raises because of what the fields hold."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage()),
        }
        line |= {name: _plain(value) for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info and record.exc_info[1]:
            line["error"] = _described(record.exc_info[1])
        return orjson.dumps(line).decode()


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, bool | int | float) else mask(str(value))


def _described(error: BaseException) -> str:
    text = "" if isinstance(error, ValidationError) else mask(str(error))
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    where = " < ".join(f"{frame.filename}:{frame.lineno}" for frame in reversed(frames))
    return f"{type(error).__name__}: {text} at {where}"


def set_up_logging(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send everything that is logged in this process to one stream as JSON lines. Called once, by `__main__`.

    uvicorn is to be started with `log_config=None, access_log=False`: an access line repeats addresses of requests.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
