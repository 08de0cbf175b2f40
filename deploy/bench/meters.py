"""What processes have used so far, as the kernel counts it. Linux only: peaks are read from /proc."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil


def cpu_seconds(process: psutil.Process) -> float:
    """User and system time of a process and its children, also of those that ended."""
    used = process.cpu_times()
    own = used.user + used.system + used.children_user + used.children_system
    return float(own + sum(cpu_seconds(child) for child in process.children()))


def peak_megabytes(process: psutil.Process) -> float:
    """The most memory that a process held at once, and each of its children; pages they share count for each."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace")
    kilobytes = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))
    return kilobytes / 1024 + sum(peak_megabytes(child) for child in process.children())


def busy_seconds() -> float:
    """CPU time that anybody has used on this machine."""
    times = psutil.cpu_times()
    return float(sum(times) - times.idle - getattr(times, "iowait", 0.0) - getattr(times, "guest", 0.0))


@contextmanager
def patient_collector() -> Iterator[None]:
    """The cyclic collector tuned as the aggregator tunes its own, so that a part costs here what it costs there."""
    usual = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(1_000_000, 50, 50)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
        gc.unfreeze()
