"""The store on SQLite: WAL, one writer thread with its own connection, reads on the loop or, where they are long, in threads.

`synchronous=FULL`: what is acknowledged survives a power cut. One process writes (docs/architecture.md).
"""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.errors import StoreUnavailable
from storage.migrating import upgrade
from storage.sqlite_engine import sqlite_engine
from storage.sqlite_reader import LOOKS, Reader, TooLong, impatient, read_at_once, read_patiently, remember
from storage.sqlite_writer import SqliteWriter
from storage.store import Snapshot, Store, undisturbed
from storage.together.neighbours import Beside, Neighbours
from storage.transaction import Operation
from storage.waiting import Job

T = TypeVar("T")
P = ParamSpec("P")

READERS = 8

Kept = tuple[int, Connection]
"""A connection and its place among those that are kept."""


class SqliteSnapshot(Snapshot):
    """A read transaction on a kept connection."""

    def __init__(self, connection: Connection, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self._connection = connection
        self._reader = cast(Reader, connection.connection.driver_connection)
        self._threads = threads
        self._looks = 0

    async def run(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Snapshot. Begun on the loop where nobody else is reading; after some work there others get a turn."""
        if self._ended or self._turn.locked():
            return await super().run(function, *args, **kwargs)
        try:
            found = read_at_once(self._reader, self._connection, function, *args, **kwargs)
        except TooLong:
            return await super().run(function, *args, **kwargs)
        self._looks += self._reader.looks
        if self._looks > LOOKS:
            self._looks = 0
            await asyncio.sleep(0)
        return found

    async def _run(self, function: Callable[[Connection], T]) -> T:
        """A thread cannot be cancelled: who leaves early interrupts its statement and waits until it lets go."""
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, read_patiently, self._reader, self._connection, function
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await undisturbed(asyncio.ensure_future(self._break_off(work)))
            raise

    async def _break_off(self, work: "asyncio.Future[Any]") -> None:
        """Again and again, for between two statements there is nothing to interrupt."""
        while not work.done():
            self._reader.interrupt()
            await asyncio.wait((work,), timeout=0.02)
        work.exception()  # asked for, so that it does not count as missed

    def begin(self) -> None:
        """Begins the transaction; what it sees is settled by its first read."""
        self._reader.execute("BEGIN")

    def roll_back(self) -> None:
        """Ends the transaction, and what SQLAlchemy took for one."""
        if self._connection.in_transaction():
            self._connection.rollback()
        if self._reader.in_transaction:
            self._reader.execute("ROLLBACK")


class _Lent:
    """A snapshot on a connection that is taken for it and given back."""

    __slots__ = ("_kept", "_snapshot", "_store")

    def __init__(self, store: "SqliteStore") -> None:
        self._store = store

    async def __aenter__(self) -> Snapshot:
        self._kept = await self._store.take()
        try:
            self._snapshot = SqliteSnapshot(self._kept[1], self._store.threads)
            self._snapshot.begin()
        except BaseException:
            self._store.give_back(self._kept)
            raise
        return self._snapshot

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            await self._snapshot.end()
        finally:
            try:
                self._snapshot.roll_back()
            finally:
                self._store.give_back(self._kept)


class SqliteStore(Store):
    """SQLite at a path. `open` makes the file, and brings its tables up to date."""

    def __init__(self, path: str, beside: Beside | None = None, *, synchronous: str = "FULL") -> None:
        super().__init__()
        self._path = path
        self._engine = sqlite_engine(path, begin=None, kind=Reader)
        self.threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._free: asyncio.PriorityQueue[Kept] = asyncio.PriorityQueue()
        self.neighbours = None if beside is None else Neighbours(beside, self.bell)
        ring = self.bell.ring if self.neighbours is None else self.neighbours.ring
        self._writing = _Writing(path, ring, synchronous)

    async def open(self) -> None:
        """See Store. Beside others, one process alone makes the file, and writes."""
        if self.neighbours is None:
            await self._writing.begin()
        else:
            await self.neighbours.open(self._writing)
        for kept in await asyncio.to_thread(self._connect):
            self.give_back(kept)
        self._start_polling()

    def _connect(self) -> list[Kept]:
        connections = [self._engine.connect() for _ in range(READERS)]
        for place, connection in enumerate(connections):
            reader = cast(Reader, connection.connection.driver_connection)
            impatient(reader)
            remember(reader, much=place == 0)
        return list(enumerate(connections))

    async def close(self) -> None:
        """See Store."""
        await self._stop_polling()
        await (self._writing.end() if self.neighbours is None else self.neighbours.close())
        for _ in range(READERS):
            with contextlib.suppress(asyncio.QueueEmpty):
                await asyncio.to_thread(self._free.get_nowait()[1].close)
        self.threads.shutdown()
        self._engine.dispose()

    def snapshot(self) -> _Lent:
        """See Store."""
        return _Lent(self)

    async def take(self) -> Kept:
        """A connection for one snapshot, the first that is free: reads that do not leave the loop are all on the one that
        has the most of the file in memory."""
        return await self._free.get()

    def give_back(self, kept: Kept) -> None:
        """A connection whose snapshot is over."""
        self._free.put_nowait(kept)

    async def write(self, operation: Operation[T]) -> T:
        """See Store."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        (self.neighbours or self._writing).submit((operation, future))
        return await asyncio.shield(future)


class _Writing:
    """The writing of one process, which is the only one that writes for as long."""

    def __init__(self, path: str, ring: Callable[[int], None], synchronous: str) -> None:
        self._path = path
        self._synchronous = synchronous
        self._ring = ring
        self._writer: SqliteWriter | None = None

    async def begin(self) -> None:
        """Brings the tables up to date and starts the writer. Raises StoreUnavailable."""
        await asyncio.to_thread(self._prepare)
        self._writer = SqliteWriter(self._path, self._ring, self._synchronous)
        self._writer.start(asyncio.get_running_loop())

    def submit(self, job: Job) -> None:
        """Has a write done in the next group. Raises Overloaded."""
        assert self._writer is not None, "the store is open"
        self._writer.submit(job)

    async def end(self) -> None:
        """Commits what waits."""
        if self._writer is not None:
            await asyncio.to_thread(self._writer.stop)

    def _prepare(self) -> None:
        engine = sqlite_engine(self._path, begin="BEGIN")
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            with engine.connect() as connection:
                upgrade(connection)
        except (OSError, DBAPIError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error.strerror
            raise StoreUnavailable(
                f"The database {self._path} cannot be opened ({reason}). Make its folder writable, or set SIMPUL_DATA_DIR."
            ) from error
        finally:
            engine.dispose()
