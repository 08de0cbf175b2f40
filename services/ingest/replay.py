"""`python -m services.ingest.replay`: tell again what was quarantined for a code that the catalogues have by now.

For operators, in the environment of ingest, of the release that has the code. Running it twice changes nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import sys

from services.ingest.replaying import JournalLagsError, Replay, Replayed
from shared.adapters.clickhouse.client import connect_async
from shared.adapters.clickhouse.receipts import ClickHouseReceipts
from shared.adapters.kafka.publisher import KafkaPublisher
from shared.adapters.kafka.reader import KafkaLogEnds
from shared.ports import JournalError, LogError, SlowDownError
from shared.reference import catalogue
from shared.runtime.settings import Settings, SettingsError


async def replay(settings: Settings, catalogues: catalogue.Catalogues) -> Replayed:
    """Tell again what can be. Raises what Replay.run raises."""
    async with contextlib.AsyncExitStack() as opened:
        log = await opened.enter_async_context(contextlib.aclosing(KafkaLogEnds(settings.kafka)))
        book = ClickHouseReceipts(functools.partial(connect_async, settings), log)
        await opened.enter_async_context(contextlib.aclosing(book))
        publisher = KafkaPublisher(settings.kafka)
        await publisher.start()
        opened.push_async_callback(publisher.stop)
        return await Replay(book, log, publisher, catalogues).run()


def main() -> int:
    """The exit code: 0 when everything that can be was told again."""
    try:
        done = asyncio.run(replay(Settings(), catalogue.load()))
    except (SettingsError, JournalLagsError, JournalError, LogError, SlowDownError) as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 1
    print(f"sent={done.sent} unknown={done.unknown}")  # noqa: T201 - this is a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
