from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.network import PURE_SUITES, Guard

pytest_plugins = ["tests.support.stack", "tests.support.gateway"]

TESTS = Path(__file__).parent
GUARD = Guard()


def pytest_configure() -> None:
    GUARD.install()
    # A run that is told to end, by a limit of its runner for instance, ends its stacks as after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    GUARD.pure = item.path.relative_to(TESTS).parts[0] in PURE_SUITES
    try:
        return (yield)
    finally:
        GUARD.pure = False
