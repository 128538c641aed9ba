"""The store on SQLite: WAL, one writer thread with its own connection, reads on the loop or, where they are long, in threads.

`synchronous=FULL`: what is acknowledged survives a power cut. One process writes (docs/architecture.md).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.errors import Overloaded, StoreUnavailable
from storage.migrating import upgrade
from storage.sqlite.engine import sqlite_engine
from storage.sqlite.free import Kept
from storage.sqlite.reader import LOOKS, Reader, TooLong, impatient, read_at_once, read_patiently, remember
from storage.sqlite.transactions import ReadTransaction, ReadTransactions
from storage.sqlite.writer import SqliteWriter
from storage.store import Lent, Snapshot, Store, undisturbed
from storage.together.neighbours import Beside, Neighbours
from storage.writing.transaction import Operation
from storage.writing.waiting import Job

T = TypeVar("T")
P = ParamSpec("P")

READERS = 8
"""Threads, each with a connection, for reads that take long. More are no faster, since Python runs in one of them at a time;
fewer could all be busy with a count over a whole city while somebody waits for a page. Each may keep 8 MB of the file."""


class SqliteSnapshot(Snapshot):
    """A share in a read transaction."""

    __slots__ = ("_looks", "_threads", "_transaction")

    def __init__(self, transaction: ReadTransaction, threads: ThreadPoolExecutor) -> None:
        super().__init__(transaction.turn)
        self._transaction = transaction
        self._threads = threads
        self._looks = 0

    async def run(self, function: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """See Snapshot. Begun on the loop where nobody else is reading; after some work there others get a turn."""
        if self._ended or self._turn.taken:
            return await super().run(function, *args, **kwargs)
        kept = self._transaction.kept
        try:
            found = read_at_once(kept.reader, kept.connection, function, *args, **kwargs)
        except TooLong:
            return await super().run(function, *args, **kwargs)
        if kept.reader.used:
            self._looks += kept.reader.used
            if self._looks > LOOKS:
                self._looks = 0
                await asyncio.sleep(0)
        return found

    async def _run(self, function: Callable[[Connection], T]) -> T:
        """A thread cannot be cancelled: who leaves early interrupts its statement and waits until it lets go."""
        kept = self._transaction.kept
        work = asyncio.get_running_loop().run_in_executor(
            self._threads, read_patiently, kept.reader, kept.connection, function
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await undisturbed(asyncio.ensure_future(self._break_off(work)))
            raise

    async def _break_off(self, work: "asyncio.Future[Any]") -> None:
        """Again and again, for between two statements there is nothing to interrupt."""
        while not work.done():
            self._transaction.kept.reader.interrupt()
            await asyncio.wait((work,), timeout=0.02)
        work.exception()  # asked for, so that it does not count as missed


class _Lent(Lent):
    """A snapshot that is given back."""

    __slots__ = ("_store", "_transaction", "snapshot")

    def __init__(self, store: "SqliteStore") -> None:
        self._store = store

    def begin(self, transaction: ReadTransaction) -> "_Lent":
        """Takes a share in a transaction."""
        transaction.shares += 1
        self._transaction = transaction
        self.snapshot = SqliteSnapshot(transaction, self._store.threads)
        return self

    async def __aenter__(self) -> Snapshot:
        transaction = self._store.reading.at_once() or await self._store.reading.in_turn()
        return self.begin(transaction).snapshot

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            await self.snapshot.end()
        finally:
            self._store.reading.give_back(self._transaction)


class SqliteStore(Store):
    """SQLite at a path. `open` makes the file, and brings its tables up to date."""

    def __init__(self, path: str, beside: Beside | None = None, *, synchronous: str = "FULL") -> None:
        super().__init__()
        self._path = path
        self._engine = sqlite_engine(path, begin=None, kind=Reader)
        self.threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self.reading = ReadTransactions()
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
            self.reading.free.give_back(kept)
        self._start_polling()

    def _connect(self) -> list[Kept]:
        made = [Kept.of(place, self._engine.connect()) for place in range(READERS)]
        for kept in made:
            impatient(kept.reader)
            remember(kept.reader, much=kept.place == 0)
            kept.reader.enter_loop()
        return made

    async def close(self) -> None:
        """See Store."""
        await self._stop_polling()
        await (self._writing.end() if self.neighbours is None else self.neighbours.close())
        for kept in self.reading.free.close():
            await asyncio.to_thread(kept.connection.close)
        await asyncio.to_thread(self.threads.shutdown)  # what is read in them comes to its end
        self._engine.dispose()

    def snapshot(self) -> _Lent:
        """See Store."""
        return _Lent(self)

    def lend_at_once(self) -> Lent | None:
        """See Store."""
        transaction = self.reading.at_once()
        return None if transaction is None else _Lent(self).begin(transaction)

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
        self._ended = False

    async def begin(self) -> None:
        """Brings the tables up to date and starts the writer. Raises StoreUnavailable."""
        writer = await asyncio.to_thread(self._prepare)
        self._ended, self._writer = False, writer
        writer.start(asyncio.get_running_loop())

    def submit(self, job: Job) -> None:
        """Has a write done in the next group. Raises Overloaded."""
        assert self._writer is not None, "the store is open"
        if self._ended:
            raise Overloaded(retry_after=1.0)
        self._writer.submit(job)

    async def end(self) -> None:
        """Commits what waits."""
        self._ended = True
        if self._writer is not None:
            await asyncio.to_thread(self._writer.stop)

    def _prepare(self) -> SqliteWriter:
        engine = sqlite_engine(self._path, begin="BEGIN")
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            with engine.connect() as connection:
                upgrade(connection)
            return SqliteWriter(self._path, self._ring, self._synchronous)
        except (OSError, DBAPIError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error.strerror
            raise StoreUnavailable(
                f"The database {self._path} cannot be opened ({reason}). Make its folder writable, or set SIMPUL_DATA_DIR."
            ) from error
        finally:
            engine.dispose()
