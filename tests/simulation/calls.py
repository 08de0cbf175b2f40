"""An owner is a coroutine of the real handlers, held each time it asks something of a port.

What it asked is carried by the world, which may as well let another owner go on, end this one, or tell it that nothing
answered while the write still travels. Nothing here knows an event loop, a thread or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator
from typing import Any, NamedTuple

from services.aggregator.handlers import PartitionStoppedError
from shared.ports import HistoriesError, JournalError, Known, LogError, Position


class WrongError(Exception):
    """A run ended otherwise than it must; the text says how."""


class Answer(NamedTuple):
    """What an owner is told: a value, or that nothing answered."""

    value: Any = None
    error: Exception | None = None

    def __str__(self) -> str:
        return f"refused, {self.error}" if self.error else shown(self.value)


Work = Callable[[], Coroutine[None, None, Any]]


class Call:
    """What an owner asks of a port. It has a life of its own: the owner may be gone when it is carried out."""

    def __init__(self, name: str, arguments: tuple[Any, ...], work: Work, unanswered: type[Exception]) -> None:
        self.name = name
        self.arguments = arguments
        self._work = work
        self._unanswered = unanswered
        self._begun: Coroutine[None, None, Any] | None = None

    def __await__(self) -> Generator[Call, Any, Any]:
        return (yield self)

    @property
    def begun(self) -> bool:
        """Whether the server has it; before that it is on its way."""
        return self._begun is not None

    def carry(self) -> Answer | None:
        """Carry it a step further; the answer once it is through."""
        self._begun = self._begun or self._work()
        try:
            self._begun.send(None)
        except StopIteration as done:
            return Answer(done.value)
        except (JournalError, HistoriesError, LogError) as error:
            return Answer(error=error)
        return None

    def unanswered(self) -> Answer:
        """What a client makes of it that waited too long."""
        return Answer(error=self._unanswered("no answer in time"))

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(shown, self.arguments))})"


class Port:
    """Anything that an owner talks to: each method is a call, handed to whoever carries the owner."""

    def __init__(self, server: Callable[[], object], unanswered: type[Exception]) -> None:
        self._server = server
        self._unanswered = unanswered

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Call, Any, Any]]:
        async def asked(*arguments: Any, **options: Any) -> Any:
            work = lambda: getattr(self._server(), name)(*arguments, **options)  # noqa: E731
            return await Call(name, arguments, work, self._unanswered)

        return asked


class Owner:
    """Somebody who follows the partition, held at what it asked last; None once it is through, or had to stop."""

    def __init__(self, name: str, life: Coroutine[Call, Any, None]) -> None:
        self.name = name
        self.call: Call | None = None
        self.stopped: str | None = None
        self._life = life
        self.hear(Answer())

    def hear(self, answer: Answer) -> None:
        """Take an answer and go on to the next question."""
        try:
            asked = self._life.throw(answer.error) if answer.error else self._life.send(answer.value)
            while asked is None:  # a pause before it tries again
                asked = self._life.send(None)
        except StopIteration:
            asked = None
        except PartitionStoppedError as error:
            asked, self.stopped = None, str(error)
        except Exception as error:
            raise WrongError(f"{self.name} stopped: {type(error).__name__}: {error}") from error
        self.call = asked


def shown(value: object) -> str:
    """Anything that is asked or answered, in few words: of rows and facts only where they stand in the log."""
    match value:
        case Position():
            return f"next {value.next_offset}, seq {value.seq}"
        case Known():
            return f"mark {value.mark}, facts {sorted(at for facts in value.histories.values() for at, _ in facts)}"
        case [str(), *_]:
            return f"{len(value)} persons"
        case [first, *_] if not hasattr(first, "offset"):
            return f"{len(value)} messages"
        case list():
            return "offsets " + str([one.offset for one in value])
        case bytes():
            return "the message"
    return "done" if value is None else str(value)
