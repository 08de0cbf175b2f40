from __future__ import annotations

import asyncio
import socket

import pytest

from tests.support.network import Guard, NetworkForbiddenError


def test_a_pure_test_connects_to_nothing():
    with socket.socket() as one, pytest.raises(NetworkForbiddenError, match="opens no socket"):
        one.connect(("127.0.0.1", 9))


def test_a_pure_test_listens_to_nothing():
    with socket.socket() as one, pytest.raises(NetworkForbiddenError):
        one.bind(("127.0.0.1", 0))


async def test_a_pure_test_cannot_hide_in_an_event_loop():
    with pytest.raises(NetworkForbiddenError):
        await asyncio.open_connection("localhost", 9)


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", b"localhost", "", None])
def test_other_tests_reach_this_machine(host):
    Guard()._refuse_unless_here(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.org", "127.0.0.1.example.org"])
def test_other_tests_reach_no_other_machine(host):
    with pytest.raises(NetworkForbiddenError, match="this machine alone"):
        Guard()._refuse_unless_here(host)
