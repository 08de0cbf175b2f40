"""What breaks in every simulated world: owners, what they asked, the engine's machine, the store of histories."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from tests.simulation.calls import Call, Owner
from tests.support.fakes import FakeHistories, FakeJournal


class Breakable:
    """The servers, the owners, and the writes that travel though nobody waits for them any more."""

    writes: ClassVar[Collection[str]]
    """The calls that go on though nobody waits for them."""

    def __init__(
        self, journal: FakeJournal, histories: FakeHistories, owners: int, trace: list[str] | None = None
    ) -> None:
        self.journal = journal
        self.histories = histories
        self._owners: list[Owner | None] = [None] * owners
        self._strays: list[Call] = []
        self._trace = trace

    def crash(self, number: int) -> None:
        """An owner is gone; what it was writing still travels."""
        number %= len(self._owners)
        if (owner := self._owners[number]) and owner.call:
            self._say("{} dies at {}", owner.name, owner.call)
            self._let_go(owner.call)
            self._owners[number] = None

    def time_out(self, number: int) -> None:
        """An owner waits no longer; what it was writing still travels."""
        owner = self._owners[number % len(self._owners)]
        if owner and owner.call:
            self._say("{} hears nothing of {}", owner.name, owner.call)
            self._let_go(owner.call)
            owner.hear(owner.call.unanswered())

    def land(self, number: int) -> None:
        """A write that nobody waits for is carried a step."""
        if self._strays:
            stray = self._strays[number % len(self._strays)]
            answer = stray.carry()
            self._say("late, for nobody: {}: {}", stray, answer or "half done")
            if answer:
                self._strays.remove(stray)

    def burn(self, number: int) -> None:
        """The engine dies when it has noted the token of an insert, and nothing else of it."""
        written = [call for call in self._under_way() if call.name == "append" and call.begun]
        if written:
            call = written[number % len(written)]
            self.journal.burn(call.arguments[:3])
            self._say("the engine dies and keeps nothing but the token of {}", call)
            self._engine_restarts()

    def power_cut(self, number: int) -> None:
        """The machine of the engine dies, and up to two of its last parts were not on disk; perhaps their tokens were.

        Two moments are left out, because they are not survived (docs/failures.md): when facts are about to be read
        for the histories, and, if tokens are lost too, between an answer and the reading of the position.
        """
        asked = {call.name for call in self._under_way()}
        count = 0 if self._a_part_is_lost() or "counted_facts" in asked else number % 3
        with_tokens = number >= 3 and "position" not in asked
        self._say("power cut: the last {} parts are gone{}", count, " with their tokens" if with_tokens else "")
        self.journal.lose_last(count, with_tokens=with_tokens)
        self._engine_restarts()

    def forget(self, _number: int) -> None:
        """The store of histories is emptied."""
        self._say("the histories are forgotten")
        self.histories = type(self.histories)()

    def _a_part_is_lost(self) -> bool:
        return False

    def _say(self, form: str, *parts: object) -> None:
        if self._trace is not None:
            self._trace.append(form.format(*parts))

    def _let_go(self, call: Call) -> None:
        if call.name in self.writes:
            self._strays.append(call)

    def _land_all(self) -> None:
        while self._strays:
            self.land(0)

    def _under_way(self) -> list[Call]:
        return [*(owner.call for owner in self._owners if owner and owner.call), *self._strays]

    def _engine_restarts(self) -> None:
        """What it had begun dies with it."""
        self._strays = [stray for stray in self._strays if not (stray.begun and stray.name == "append")]
        for owner in filter(None, self._owners):
            if owner.call and owner.call.begun and owner.call.name == "append":
                owner.hear(owner.call.unanswered())
