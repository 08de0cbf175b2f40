"""Clocks that can be stepped: libfaketime, loaded into a process, adds to the machine's clock what a file says.

Only what tells the day is shifted; what measures how long something took goes on as it does. The machine's clock stays.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from shared.runtime.clock import SystemClock

LOOKS_SECONDS = 1.0
"""So often a process looks at its file; it has seen a step after that."""
_SHARED = Path("/dev/shm")


def _library() -> Path | None:
    """Where the wheel has it, which is for Linux on x86-64 alone."""
    found = find_spec("libfaketime")
    places = found.submodule_search_locations if found else None
    return Path(places[0]) / "vendor/libfaketime/src/libfaketime.so.1" if places else None


def environment(file: Path) -> Mapping[str, str]:
    """What a process must find in its environment to go by this file; nothing where there is no library."""
    library = _library()
    if library is None:
        return {}
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(file),
        "FAKETIME_CACHE_DURATION": f"{LOOKS_SECONDS:.0f}",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_FORCE_MONOTONIC_FIX": "0",  # the library's own choice lets threads of the JVM wait for no time at all
        "NO_FAKE_STAT": "1",
    }


def step(file: Path, seconds: int) -> None:
    """From the next look on, the clock is wrong by so much."""
    draft = file.with_suffix(".draft")
    draft.write_text(f"{seconds:+d}", encoding="ascii")
    draft.replace(file)


def can_be_stepped(folder: Path) -> bool:
    """Whether the library does what it should in a process of this machine."""
    file = folder / "clock-tried"
    step(file, -3_600)
    command = [sys.executable, "-c", "import time; print(time.time())"]
    said = subprocess.run(command, env=environment(file), capture_output=True, text=True, check=True).stdout
    return SystemClock().now().timestamp() - float(said) > 1_800


def forget(ids: Path) -> None:
    """Delete what the library keeps of the processes that this file names: nothing else would, once one is killed."""
    for pid in ids.read_text(encoding="ascii").split() if ids.exists() else ():
        for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
            (_SHARED / name).unlink(missing_ok=True)


@contextlib.contextmanager
def stepped(file: Path, seconds: int) -> Iterator[None]:
    """The clock is wrong by so much meanwhile."""
    step(file, seconds)
    try:
        yield
    finally:
        step(file, 0)
