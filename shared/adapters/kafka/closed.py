"""A connection that is closed already is an error of Kafka, whatever event loop says so.

uvloop raises RuntimeError where asyncio raises OSError or nothing, and aiokafka (0.14) expects OSError alone: when a
broker was killed at the wrong moment, the task of a client that looks for brokers died of it, and whoever waited for
that client waited for ever.
"""

from __future__ import annotations

import functools
from typing import Any

from aiokafka.conn import AIOKafkaConnection, CloseReason
from aiokafka.errors import KafkaConnectionError


def mend_connections() -> None:
    """Let all connections of this process say so. To be called before the first; twice is as once."""
    if not hasattr(AIOKafkaConnection.send, "__wrapped__"):
        AIOKafkaConnection.send = _mended(AIOKafkaConnection.send)


def _mended(send: Any) -> Any:
    @functools.wraps(send)
    def sent(connection: AIOKafkaConnection, *arguments: Any, **options: Any) -> Any:
        try:
            return send(connection, *arguments, **options)
        except RuntimeError as error:
            connection.close(reason=CloseReason.CONNECTION_BROKEN)
            raise KafkaConnectionError(f"Connection at {connection.host}:{connection.port} is closed") from error

    return sent
