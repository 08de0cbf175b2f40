"""What a process does with memory that it has freed."""

from __future__ import annotations

import ctypes

_TRIM_THRESHOLD = -1  # mallopt(3)
_MMAP_THRESHOLD = -3
KEPT_BYTES = 32 * 1024 * 1024
LARGEST_KEPT_BYTES = 8 * 1024 * 1024


def keep_freed_memory() -> None:
    """Let the C library keep so much of it, for what comes next: to give it back is to have it zeroed page by page.

    Only of the GNU C library, as in the images; elsewhere nothing changes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt:
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_MMAP_THRESHOLD, LARGEST_KEPT_BYTES)
