"""One write: an operation, the locks it needs, and the transaction that it shares with others of its group."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Generic, TypeVar, cast

from sqlalchemy import Connection, NestedTransaction, Table, insert

from domain.vocabulary import EventKind, Role
from storage.events.facets import Facets
from storage.rollups.keeping import RollupChanges
from storage.writing.bulk import Row, insert_all
from storage.writing.drawing import Drawing
from storage.writing.facts_kept import FactsKept

T = TypeVar("T")


KeyName = tuple[str, bytes]
"""An idempotency key as the store knows it: whose it is, and its hash."""


class NeedsLocks(Exception):
    """An operation found out midway that it needs more locks; it goes to the next group, which takes them first."""

    def __init__(self, locks: Iterable[str]) -> None:
        super().__init__("more locks needed")
        self.locks = frozenset(locks)


class Lane(StrEnum):
    """Whose writes wait in one queue: those of people who are there to see it done, and what sources bring."""

    PEOPLE = "people"
    SOURCES = "sources"


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A change to the store. `apply` runs on the writer's thread, alone or with others; what it raises undoes it alone.
    It may be run again, so it must change nothing but the store.

    `locks` are names (`report:5`, `key:…`, `ref:qlue:77`): the store takes those of a whole group first, sorted.
    `keys` are the idempotency keys, each with its scope, that it will look up: a group looks up all of its at once.
    """

    apply: Callable[["Tx"], T]
    locks: frozenset[str] = frozenset()
    keys: tuple[KeyName, ...] = ()
    lane: Lane = Lane.PEOPLE


class GroupBroken(Exception):
    """What operations had added together cannot be written: the group has to be run again, each of them by itself."""


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


class Tx:
    """What the operations of a group work with, one after the other: the connection, the time, and what they have made so far.

    `now` is when the turn of the present one began, and never falls: should the clock be set back by a second between two
    turns, the later operation has the moment of the earlier one.

    An operation that asks for `conn` gets a savepoint of its own, and writes at once. One that does not, but only adds
    rows and events, needs none: what it adds is kept until the group ends, and written with that of others.
    """

    def __init__(
        self,
        conn: Connection,
        now: int,
        locked: frozenset[str],
        operations: Sequence[Operation[Any]] = (),
        facts: FactsKept | None = None,
    ) -> None:
        self.base = conn
        """The connection below all savepoints: for what belongs to the group, and for facts that `once` reads."""
        self.now = now
        self.locked = locked
        self.keys = Counter(key for operation in operations for key in operation.keys)
        """The idempotency keys that the group's operations look up, and how many do."""
        self.events: list[PendingEvent] = []
        self.rollups = RollupChanges()
        self.drawing = Drawing(conn, len(operations))
        """Ids and codes of new rows."""
        self.facts = facts or FactsKept()
        self._rows: list[tuple[Table, Row]] = []
        self._facts: dict[Hashable, Any] = {}
        self._mark = (0, 0, 0)
        self._savepoint: NestedTransaction | None = None
        self._events_before: list[PendingEvent] = []

    @property
    def conn(self) -> Connection:
        """The connection, in the operation's own savepoint; it finds all that was written before."""
        if self._savepoint is None:
            self._begin_savepoint()
        return self.base

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.base.dialect.name

    def require(self, *locks: str) -> None:
        """Makes sure that these locks are held; raises NeedsLocks, which brings the operation back with them."""
        missing = [lock for lock in locks if lock not in self.locked]
        if missing:
            raise NeedsLocks(missing)

    def once(self, key: Hashable, read: Callable[[Connection], T]) -> T:
        """What `read` finds, read once for all operations of the group, as long as none of them writes by itself."""
        if self._savepoint is not None:
            return read(self.base)
        if key not in self._facts:
            self._facts[key] = read(self.base)
        return cast(T, self._facts[key])

    def add(self, table: Table, row: Row) -> None:
        """Inserts a row, at once or with those of the whole group; who has to find it again asks for `conn`."""
        if self._savepoint is None:
            self._rows.append((table, row))
        else:
            self.base.execute(insert(table), row)

    def draw_id(self, table: Table) -> int:
        """The id of a row that is about to be added.

        Before that the operation must not insert by itself into that table: SQLite would give that row the same id.
        """
        return self.drawing.id_of(table)

    def emit(self, event: PendingEvent, *, counted: Facets | None = None) -> None:
        """Adds an event to the log, and what it moves to the roll-ups.

        `counted` is how the report stood in the roll-ups, where the event itself must tell less than that.
        """
        self.events.append(event if event.told_at is not None else replace(event, told_at=self.now))
        if event.report_id is not None:
            self.rollups.move(counted or event.before, event.after)

    def mark(self) -> tuple[list[PendingEvent], int]:
        """How things are as a part of an operation begins, for `reset`; only within its savepoint."""
        return self.events.copy(), self.rollups.mark()

    def reset(self, mark: tuple[list[PendingEvent], int]) -> None:
        """Forgets what a part that failed had added, and what it had changed of the events before."""
        self.events[:] = mark[0]
        self.rollups.reset(mark[1])

    def begin(self, now: int, *, alone: bool) -> None:
        """Another operation's turn. `alone`: in a savepoint from the first, whatever it asks for."""
        self.now = max(self.now, now)
        self._mark = len(self._rows), len(self.events), self.rollups.mark()
        if alone:
            self._begin_savepoint()

    def keep(self) -> None:
        """The operation is done."""
        if self._savepoint is not None:
            self._savepoint.commit()
            self._end_savepoint()

    def undo(self) -> None:
        """The operation failed: what it did is undone, and nothing else."""
        rows, events, counts = self._mark
        if self._savepoint is not None:
            self._savepoint.rollback()
            self._end_savepoint()
            self.facts.forget_outlines()
            self.events[:] = self._events_before
        del self._rows[rows:]
        del self.events[events:]
        self.rollups.reset(counts)

    def date(self, moments: Mapping[int, int], table: Table, column: str) -> dict[int, int]:
        """Sets a moment in rows that are not written yet, by their ids; gives those that are not among them."""
        left = dict(moments)
        for of, row in self._rows:
            if of is table and row["id"] in left:
                row[column] = left.pop(row["id"])
        return left

    def write(self) -> None:
        """Writes the rows that were added. Raises GroupBroken."""
        rows, self._rows = self._rows, []
        try:
            insert_all(self.base, rows)
        except Exception as error:
            raise GroupBroken from error

    def _begin_savepoint(self) -> None:
        """What the operations before added is written first, below the savepoint; what this one did already, within."""
        mine = self._rows[self._mark[0] :]
        del self._rows[self._mark[0] :]
        self.write()
        self._mark = (0, *self._mark[1:])
        self._forget_facts()
        self._events_before = self.events[: self._mark[1]]
        self._savepoint = self.base.begin_nested()
        for table, row in mine:
            self.add(table, row)

    def _end_savepoint(self) -> None:
        self._savepoint = None
        self._forget_facts()

    def _forget_facts(self) -> None:
        self._facts.clear()
        self.drawing.forget()
