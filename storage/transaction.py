"""One write: an operation, the locks it needs, and the transaction that it shares with others of its group."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection

from domain.vocabulary import EventKind, Role
from storage.facets import Facets
from storage.rollups import RollupChanges

T = TypeVar("T")


class NeedsLocks(Exception):
    """An operation found out midway that it needs more locks; it goes to the next group, which takes them first."""

    def __init__(self, locks: Iterable[str]) -> None:
        super().__init__("more locks needed")
        self.locks = frozenset(locks)


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A change to the store. `apply` runs on the writer's thread, inside a savepoint; what it raises undoes it alone.

    `locks` are names (`report:5`, `key:…`, `ref:qlue:77`): the store takes those of a whole group first, sorted.
    """

    apply: Callable[["Tx"], T]
    locks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does it. Role None: the hub itself, or a source. `key` is an HMAC that stands for somebody without an account."""

    role: Role | None = None
    agency_id: int | None = None
    person_id: int | None = None
    key: str | None = None
    is_reporter: bool = False


NOBODY = Actor()


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An entry of the log before it has its number."""

    kind: EventKind
    actor: Actor = NOBODY
    report_id: int | None = None
    before: Facets | None = None
    after: Facets | None = None
    status: str | None = None
    previous_status: str | None = None
    note: str | None = None
    words: str | None = None
    comment_id: int | None = None
    photo_id: int | None = None
    other_report_id: int | None = None
    forwarding_id: int | None = None
    flood_area_id: int | None = None
    flood_state: int | None = None
    previous_flood_state: int | None = None
    backfill: bool = False
    moves_updated_at: bool = True
    told_at: int | None = None
    """The moment of its operation, which `Tx.emit` notes."""


@dataclass(slots=True)
class Tx:
    """What an operation works with: the connection, its own moment (`now`, never before that of the operation ahead of
    it), and the events that it and those ahead of it made."""

    conn: Connection
    now: int
    locked: frozenset[str]
    events: list[PendingEvent] = field(default_factory=list)
    rollups: RollupChanges = field(default_factory=RollupChanges)
    after_commit: list[Callable[[], None]] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.conn.dialect.name

    def require(self, *locks: str) -> None:
        """Makes sure that these locks are held; raises NeedsLocks, which brings the operation back with them."""
        missing = [lock for lock in locks if lock not in self.locked]
        if missing:
            raise NeedsLocks(missing)

    def emit(self, event: PendingEvent, *, counted: Facets | None = None) -> None:
        """Adds an event to the log, and what it moves to the roll-ups.

        `counted` is how the report stood in the roll-ups, where the event itself must tell less than that.
        """
        self.events.append(replace(event, told_at=self.now))
        if event.report_id is not None:
            self.rollups.move(counted or event.before, event.after)

    def mark(self) -> tuple[list[PendingEvent], Any, int]:
        """How things are as this operation begins, for `reset`."""
        return self.events.copy(), self.rollups.mark(), len(self.after_commit)

    def reset(self, mark: tuple[list[PendingEvent], Any, int]) -> None:
        """Forgets what an operation that failed had added, and what it had changed of the events before."""
        self.events[:] = mark[0]
        self.rollups.reset(mark[1])
        del self.after_commit[mark[2] :]
