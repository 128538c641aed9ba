"""The store on SQLite: WAL, one writer thread with its own connection, readers in threads.

`synchronous=FULL`: what is acknowledged survives a power cut. One process writes (docs/architecture.md).
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from storage.errors import StoreUnavailable
from storage.migrating import upgrade
from storage.sqlite_engine import sqlite_engine
from storage.sqlite_writer import SqliteWriter
from storage.store import Snapshot, Store, undisturbed
from storage.transaction import Operation

T = TypeVar("T")

READERS = 8


class SqliteSnapshot(Snapshot):
    """A read transaction on a kept connection; each call is one hop to a reader thread."""

    def __init__(self, connection: Connection, threads: ThreadPoolExecutor) -> None:
        super().__init__()
        self._connection = connection
        self._threads = threads

    async def _run(self, function: Callable[[Connection], T]) -> T:
        """A thread cannot be cancelled: who leaves early interrupts its statement and waits until it lets go."""
        work = asyncio.get_running_loop().run_in_executor(self._threads, function, self._connection)
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            await undisturbed(asyncio.ensure_future(self._break_off(work)))
            raise

    async def _break_off(self, work: "asyncio.Future[Any]") -> None:
        """Again and again, for between two statements there is nothing to interrupt."""
        driver = cast(sqlite3.Connection, self._connection.connection.driver_connection)
        while not work.done():
            driver.interrupt()
            await asyncio.wait((work,), timeout=0.02)
        work.exception()  # asked for, so that it does not count as missed


class SqliteStore(Store):
    """SQLite at a path. `open` makes the file, and brings its tables up to date."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path
        self._engine = sqlite_engine(path, begin="BEGIN")
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._writer = SqliteWriter(path, self.bell.ring)

    async def open(self) -> None:
        """See Store."""
        await asyncio.to_thread(self._prepare)
        for _ in range(READERS):
            self._free.put_nowait(await asyncio.to_thread(self._engine.connect))
        self._writer.start(asyncio.get_running_loop())
        self._start_polling()

    def _prepare(self) -> None:
        try:
            Path(self._path).parent.mkdir(parents=True, exist_ok=True)
            with self._engine.connect() as connection:
                upgrade(connection)
        except (OSError, DBAPIError) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error.strerror
            raise StoreUnavailable(
                f"The database {self._path} cannot be opened ({reason}). Make its folder writable, or set SIMPUL_DATA_DIR."
            ) from error

    async def close(self) -> None:
        """See Store."""
        await self._stop_polling()
        await asyncio.to_thread(self._writer.stop)
        for _ in range(READERS):
            with contextlib.suppress(asyncio.QueueEmpty):
                await asyncio.to_thread(self._free.get_nowait().close)
        self._threads.shutdown()
        self._engine.dispose()

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """See Store."""
        connection = await self._free.get()
        try:
            transaction = connection.begin()
            snapshot = SqliteSnapshot(connection, self._threads)
            try:
                yield snapshot
            finally:
                try:
                    await snapshot.end()
                finally:
                    transaction.rollback()
        finally:
            self._free.put_nowait(connection)

    async def write(self, operation: Operation[T]) -> T:
        """See Store."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._writer.submit((operation, future))
        return await asyncio.shield(future)
