"""A file ordered while things go wrong: it comes in the end, and is the same when it is made again."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

import httpx

from tests.faults.system import System
from tests.support.asking import Asking, NoAnswerError
from tests.support.files import digest_made_again
from tests.support.waiting import until

SECONDS_MAX = 120
_EXPORT = "id status position files { name url sha256 }"
_ORDER = f"mutation Order($content: Content!) {{ orderExport(content: $content, format: CSV) {{ {_EXPORT} }} }}"
_LOOK = f"query Look($id: ID!) {{ export(id: $id) {{ {_EXPORT} }} }}"
_PERIOD = {"from": "2018-06-01", "to": "2026-02-01"}


@dataclass
class Ordered:
    """Somebody who ordered every movement told so far, and comes back for the file."""

    asking: Asking
    http: httpx.AsyncClient
    job: dict[str, Any] | None = None
    again: int = 0

    async def order(self) -> None:
        """Order it, as often as it takes until that is answered."""
        await until(self._was_ordered, "a file can be ordered", seconds=SECONDS_MAX)

    async def _was_ordered(self) -> bool:
        position = {"asKnownAt": {"position": self.job["position"]}} if self.job else {}
        try:
            content = {"movements": {**_PERIOD, **position}}
            self.job = (await self.asking.data(_ORDER, content=content))["orderExport"]
        except NoAnswerError:
            return False
        return True

    async def check(self, system: System) -> list[str]:
        """What is wrong with the file, once it is there. An order that was lost is made again, as of the same moment."""
        await until(self._is_done, "the file that was ordered is there", seconds=SECONDS_MAX)
        assert self.job, "what is done was ordered"
        file = self.job["files"][0]
        content = (await self.http.get(file["url"])).content
        fetched = hashlib.sha256(content).hexdigest()
        again = await asyncio.to_thread(digest_made_again, system.running, self.job["id"])
        if fetched == file["sha256"] == again:
            return []
        return [f"{file['name']}: told {file['sha256']}, fetched {fetched}, made again {again}"]

    async def _is_done(self) -> bool:
        assert self.job, "what is looked for was ordered"
        try:
            found = (await self.asking.data(_LOOK, id=self.job["id"]))["export"]
        except NoAnswerError:
            return False
        if found is None or found["status"] == "FAILED":
            self.again += 1
            await self.order()
            return False
        self.job = found
        return bool(found["status"] == "DONE")
