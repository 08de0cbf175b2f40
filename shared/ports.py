"""What handlers need of the outside, as protocols; adapters fulfil them, and fakes pass the same suites."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple, Protocol

from shared.contracts.anomalies import Anomalies, AnomalyQuestion, SharedIdentityQuestion
from shared.contracts.headcounts import Explanations, Headcount, HeadcountQuestion, Headcounts
from shared.contracts.history import Change
from shared.contracts.mapping import Message
from shared.contracts.questions import (
    EstablishmentStanding,
    KnownAt,
    LastHeard,
    LogPosition,
    Provenance,
    Question,
    Table,
)
from shared.contracts.receipts import FactFate, Quarantine, Receipts, Standing
from shared.domain.facts import Fact
from shared.domain.laws import Verdict
from shared.domain.ledger import Entry


class Record(NamedTuple):
    """A record of the log of record as the broker gives it."""

    offset: int
    appended_at_ms: int
    value: bytes


class LogError(Exception):
    """The log did not answer; ask again."""


class HistoriesError(Exception):
    """The store of histories did not answer; ask again. It is a cache: what it lost is in the journal."""


class Position(NamedTuple):
    """Where a partition of the journal stands: what it would consume next, and what it last wrote."""

    next_offset: int
    seq: int
    recorded_at_ms: int


class LoggedFact(NamedTuple):
    """A counted fact of a subject at its offset in the log."""

    offset: int
    subject: str
    fact: Fact


class JournalError(Exception):
    """The journal did not answer as it should; nothing may be concluded about what was written."""


Outcome = Literal["counted", "duplicate", "conflict", "quarantined", "tick", "copied", "repeated"]
"""The fate of a consumed record. A conflict is a duplicate with other content.

What aggregators tell each other of merged persons is copied, or repeated if it was known: it is nobody's to count.
"""


class Consumed(NamedTuple):
    """One consumed offset: the message with its fate, and the ledger entries it caused. Never cut in two."""

    offset: int
    seq: int
    recorded_at_ms: int
    outcome: Outcome
    message: Message
    payload: bytes
    entries: Sequence[Entry]
    subjects: Sequence[str] = ()  # whom each entry is about, if not the subject of the message


class Moved(NamedTuple):
    """A row of a token that has moved to the merged persons: itself the first to name it, or a later one."""

    offset: int
    subject: str
    recorded_at_ms: int
    named_at: int  # the offset of the first row that names the token
    counted: bool  # not so a notice
    other: str  # whom it names, if it is a merge


class Told(NamedTuple):
    """What a partition has of what another one's aggregator told: `<partition>:<offset>` of the row it came from."""

    partition: int
    origin: str


class Journal(Protocol):
    """The table of facts and entries. It alone says how far the log was consumed."""

    async def position(self, partition: int) -> Position:
        """Where this partition stands."""
        ...

    async def append(self, partition: int, next_offset: int, attempt: int, consumed: Sequence[Consumed]) -> None:
        """Ask for all of this to be written at once, or not at all, if the partition still stands at `next_offset`.

        An answer means nothing, with or without an error (JournalError): read the position again.
        """
        ...

    async def missing(self, partition: int) -> int:
        """How many fact rows the partition lacks: its last `seq` less the rows it has. Not 0 means a part was lost."""
        ...

    async def counted_facts(self, partition: int, start: int, end: int) -> list[LoggedFact]:
        """What histories hold of start <= offset < end, in order of offsets: facts counted, and what was copied."""
        ...

    async def moved(self, partition: int, start: int) -> list[Moved]:
        """The counted rows and copied notices of tokens that have moved, from `start` and from the naming one on."""
        ...

    async def payloads_of(self, partition: int, subjects: Iterable[str]) -> list[tuple[int, str, bytes]]:
        """Offset, subject and message of every counted fact of these subjects, in order of offsets.

        Notices that were copied are among them, with no message: so what is there is known from one reading.
        """
        ...

    async def told_by(self, partition: int, destinations: Iterable[int]) -> set[Told]:
        """What these partitions have of what the aggregator of this partition told them."""
        ...

    async def payload_at(self, partition: int, offset: int) -> bytes | None:
        """The message this partition recorded at this offset, or None if it has no such row."""
        ...


class Checkpoints(Protocol):
    """Stocks at the ends of months that every partition has passed; in January also by all columns, as a roll.

    All raises JournalError.
    """

    async def due(self) -> list[date]:
        """The months of which there is no checkpoint yet and that can be made, by their first day, in order."""
        ...

    async def make(self, month: date) -> None:
        """Make the checkpoint of what was effective and recorded before `month`. Made again it is the same."""
        ...


class Known(NamedTuple):
    """What a store of histories knows: every counted fact of these subjects with an offset below `mark`."""

    mark: int
    histories: Mapping[str, list[tuple[int, Fact]]]


class Histories(Protocol):
    """Facts of subjects by offset, only ever added to; a cache of the journal that may be lost or ahead."""

    async def read(self, partition: int, subjects: Iterable[str]) -> Known:
        """The histories of these subjects, with the mark as it was at the same instant (0 if there is none)."""
        ...

    async def add(self, partition: int, start: int, end: int, facts: Sequence[LoggedFact]) -> bool:
        """Add the counted facts with start <= offset < end and move the mark to `end`.

        Only if the mark stands at `start` exactly; else nothing is done and the answer is False.
        """
        ...


class Outgoing(NamedTuple):
    """A message for the log of record, in the partition of its subject."""

    partition: int
    key: bytes
    value: bytes


class DeadLetter(NamedTuple):
    """A message that was refused, as it came, with the reason in its headers."""

    key: bytes | None
    value: bytes
    headers: tuple[tuple[str, bytes], ...]


class SlowDownError(Exception):
    """Too much is under way to the log; ask again in a moment."""


class BlocksError(Exception):
    """The store of blocked sources did not answer; ask again."""


class Blocks(Protocol):
    """Counts bad messages by source, in windows of the clock, and holds who is blocked until it is released.

    Everything raises BlocksError when the store does not answer.
    """

    async def count(self, source: str, bad: int, now: datetime) -> bool:
        """Add so many bad messages to the window that holds `now`; True if that is too many and blocks it just now."""
        ...

    async def blocked(self) -> Mapping[str, str]:
        """Who is blocked, and since when (ISO)."""
        ...

    async def release(self, source: str, now: datetime) -> bool:
        """Block it no longer and forget what was counted in the window of `now`; False if it was not blocked."""
        ...


class Publisher(Protocol):
    """The way to the log of record, and to the topic of what was refused."""

    async def publish(self, messages: Sequence[Outgoing], letters: Sequence[DeadLetter] = ()) -> None:
        """Return once the broker has them all; messages of one partition keep their order.

        Raises SlowDownError before anything is sent, or LogError when the log does not answer in time: then some or
        all may have been written, or will be, and sending them again does no harm.
        """
        ...

    async def ready(self) -> bool:
        """Whether the log answers."""
        ...


class Figures(Protocol):
    """Answers to questions, each from one instant of the journal.

    Raises QuestionError for what cannot be answered as it stands, FiguresUnavailableError when nothing answers.
    """

    async def answer(self, question: Question, *, max_rows: int) -> Table:
        """The table that answers a question. Raises TooManyRowsError rather than leave out a row."""
        ...

    async def establishments(
        self, day: date, as_known_at: KnownAt | None
    ) -> tuple[tuple[EstablishmentStanding, ...], Provenance]:
        """Every establishment known by the close of a day, in the order of codes."""
        ...

    async def open_establishments(self, day: date, known_by: LogPosition) -> tuple[str, ...]:
        """The codes of those in force at the close of a day, in order."""
        ...

    async def last_heard(self, day: date, known_by: LogPosition) -> tuple[LastHeard, ...]:
        """When each of those was last heard by then, on whatever day; the longest silent first."""
        ...

    async def anomalies(self, asked: AnomalyQuestion) -> Anomalies:
        """The contradictions asked for, the latest first."""
        ...

    async def shared_identities(self, asked: SharedIdentityQuestion) -> Anomalies:
        """The same source and id under several persons, the latest noticed first."""
        ...

    async def headcounts(self, asked: HeadcountQuestion) -> Headcounts:
        """Signed counts and the roll at the moment of each, the latest first."""
        ...

    async def explanations(self, of: Headcount, known: LogPosition) -> Explanations:
        """What could explain a difference, the latest told first; at most `MAX_EXPLANATIONS`."""
        ...

    async def changes(self, question: Question, since: LogPosition, until: LogPosition) -> tuple[Change, ...]:
        """What changed a figure of one value, of one piece and without dimensions, from one position to the other."""
        ...

    async def laws(self, sample: int) -> tuple[tuple[Verdict, ...], Provenance]:
        """Whether the ledger obeys its laws now, in the order of `LAWS`; 0 <= sample < SAMPLES says which persons."""
        ...

    async def position(self, as_known_at: KnownAt | None) -> LogPosition:
        """The position that says what was known: the present one unless another moment is meant."""
        ...

    async def ready(self) -> bool:
        """Whether the journal answers."""
        ...


class LogEnds(Protocol):
    """How far the log of record reaches."""

    async def ends(self) -> tuple[int, ...]:
        """The offset after the last record of each partition. Raises LogError."""
        ...


class Kept(NamedTuple):
    """A quarantined message whose payload was kept; `record` is the record of it in the log."""

    source: str
    id: str
    subject: str
    record: bytes


class ReceiptBook(Protocol):
    """What became of what was sent, by the journal. `source` None means every source.

    Each answer is from one instant of the journal and says which, and what waits in the log beyond it. Raises
    JournalError when the journal does not answer.
    """

    async def fate(self, fact_id: str, source: str | None) -> FactFate:
        """What became of an id."""
        ...

    async def sums(self, first: date, end: date, source: str | None) -> Receipts:
        """The closing sums by recorded day of Lima and source, first <= day < end, in that order."""
        ...

    async def quarantine(self, first: date, end: date, source: str | None) -> Quarantine:
        """What was quarantined on these days, first <= day < end, oldest first."""
        ...

    async def kept(self, after: tuple[str, str], most: int) -> list[Kept]:
        """Messages kept whole of which no record counts, in order of source and id after `after`: the last of each."""
        ...

    async def standing(self) -> Standing:
        """How far the journal has come."""
        ...
