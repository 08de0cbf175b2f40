"""The memory that each process may hold, in MiB: the same in Compose, in Kubernetes and in docs/operating.md.

`make overload` holds a stack against them that is given three times what it can take.
"""

from __future__ import annotations

from collections.abc import Mapping

MEMORY_MIB: Mapping[str, int] = {
    "ingest": 512,
    "aggregator": 1024,
    "gateway": 1024,
    "exports": 2048,
    "kafka": 1024,
    "clickhouse": 4096,
    "valkey": 2048,
}
