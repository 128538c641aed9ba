"""The store as the rest of the hub sees it: snapshots to read from, operations to write with, a bell for the log.

Functions that touch tables are plain ones that take a SQLAlchemy `Connection` first. On SQLite they run on the event loop,
or in threads where they are long; on PostgreSQL they run on asyncpg through SQLAlchemy's greenlet bridge. So every
statement is written once (docs/decisions/stores.md).
"""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection

from storage.events.appending import read_head
from storage.events.bell import Bell
from storage.reference_kept import ReferenceKept
from storage.together.neighbours import Beside
from storage.writing.transaction import Operation

T = TypeVar("T")
P = ParamSpec("P")
log = logging.getLogger("simpul.store")


class Turn:
    """Whose turn it is to read on one connection."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock: asyncio.Lock | None = None  # made when there is something to wait for

    @property
    def taken(self) -> bool:
        """Whether somebody is reading who does not end at once."""
        return self._lock is not None and self._lock.locked()

    def lock(self) -> asyncio.Lock:
        """The lock that readers take."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock


class Snapshot(ABC):
    """One read transaction. Its statements run one after another and all see the same state."""

    __slots__ = ("_ended", "_reading", "_turn")

    def __init__(self, turn: "Turn | None" = None) -> None:
        """`turn`: of others on the same connection as well."""
        self._turn = turn or Turn()
        self._ended = False
        self._reading = 0  # reads of this snapshot that are under way

    async def run(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs `function(connection, …)` in this snapshot. Raises RuntimeError once it has ended."""
        self._reading += 1
        try:
            async with self._turn.lock():
                if self._ended:
                    raise RuntimeError("this snapshot has ended")
                return await self._run(lambda conn: function(conn, *args, **kwargs))
        finally:
            self._reading -= 1

    async def end(self) -> None:
        """Waits for who is still reading, cancelled or not; nothing is read after that."""
        self._ended = True
        lock = self._turn.lock() if self._reading else None
        while lock is not None and self._reading:
            try:
                await undisturbed(asyncio.ensure_future(lock.acquire()))
            finally:
                lock.release()  # also for who was cancelled meanwhile: others may have the same turn
            await asyncio.sleep(0)

    @abstractmethod
    async def _run(self, function: Callable[[Connection], T]) -> T: ...


async def undisturbed(work: "asyncio.Future[Any]") -> None:
    """Waits until something is over although it may fail, and although the one who waits may be cancelled meanwhile;
    only then raises that he was."""
    cancelled: asyncio.CancelledError | None = None
    while not work.done():
        try:
            await asyncio.wait((work,))
        except asyncio.CancelledError as error:
            cancelled = error
    if not work.cancelled():
        work.exception()  # asked for, so that it does not count as missed
    if cancelled is not None:
        raise cancelled


class Lent(AbstractAsyncContextManager[Snapshot]):
    """A snapshot that is given back in the end. `snapshot` is there once it was entered, or was lent at once."""

    __slots__ = ()

    snapshot: Snapshot


class Store(ABC):
    """Opens, reads and writes one database."""

    POLL_SECONDS = 1.0

    def __init__(self) -> None:
        self.bell = Bell()
        self.reference = ReferenceKept(self.read)
        self._poller: asyncio.Task[None] | None = None

    @abstractmethod
    async def open(self) -> None:
        """Connects, brings the tables up to date, starts the writer. Raises StoreUnavailable with words for the operator."""

    @abstractmethod
    async def close(self) -> None:
        """Finishes the writes that wait, then lets go of everything."""

    @abstractmethod
    def snapshot(self) -> Lent:
        """A read transaction for one operation."""

    def lend_at_once(self) -> Lent | None:
        """The same, entered already, where nothing has to be waited for; whoever takes it leaves it with `__aexit__`."""
        return None

    @abstractmethod
    async def write(self, operation: Operation[T]) -> T:
        """Runs an operation in the next group; returns once it is committed and safe. Raises what the operation raised,
        Overloaded, or OutcomeUnknown."""

    async def read(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs one function in a snapshot of its own."""
        async with self.snapshot() as snapshot:
            return await snapshot.run(function, *args, **kwargs)

    def _start_polling(self) -> None:
        self._poller = asyncio.create_task(self._poll(), name="log-head poll")

    async def _stop_polling(self) -> None:
        await self.reference.stop()
        if self._poller is not None:
            self._poller.cancel()
            await asyncio.gather(self._poller, return_exceptions=True)

    async def _poll(self) -> None:
        """Reads the log's head each second, so that what another process wrote is noticed without any bell."""
        while True:
            try:
                head = await self.read(read_head)
                self.reference.see_epoch(head.epoch)
                self.bell.ring(head.seq)
            except Exception:
                log.warning("the head of the log could not be read", exc_info=True)
            await asyncio.sleep(self.POLL_SECONDS)


@asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    """Opens a store for the length of a block."""
    await store.open()
    try:
        yield store
    finally:
        await store.close()


def open_store(url: str, beside: Beside | None = None, *, synchronous: str = "FULL", begins: bool = True) -> Store:
    """The store of a database address: `sqlite:///path/to.db` or `postgresql://…`. Raises ValueError for any other.

    `beside`: that other processes of this machine use it as well, and where they meet. `synchronous`: how durable a commit
    is on SQLite (storage/sqlite/engine.py). `begins`: whether an empty database of PostgreSQL is made a hub's.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        from storage.sqlite.store import SqliteStore

        return SqliteStore(url.partition("///")[2], beside, synchronous=synchronous)
    if scheme in ("postgresql", "postgres"):
        from storage.postgres.store import PostgresStore

        return PostgresStore(url, beside=beside, begins=begins)
    raise ValueError(f"a database address begins with sqlite:/// or postgresql://, not {scheme}:")
