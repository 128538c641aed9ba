"""The store on SQLite: WAL, one writer thread with its own connection, readers in threads.

`synchronous=FULL`: what is acknowledged survives a power cut. One process writes (docs/architecture.md).
"""

import asyncio
import contextlib
import logging
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from storage.errors import Overloaded, StoreUnavailable
from storage.group import MAX_GROUP, Done, run_group
from storage.migrating import upgrade
from storage.store import Job, Snapshot, Store, undisturbed
from storage.transaction import Operation

T = TypeVar("T")
log = logging.getLogger("simpul.store")

READERS = 8
MAX_WAITING = 10_000


def _engine(path: str, *, begin: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}", poolclass=NullPool, connect_args={"check_same_thread": False, "timeout": 30}
    )

    @event.listens_for(engine, "connect")
    def configure(connection: sqlite3.Connection, _: Any) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-32768",
            "mmap_size=268435456",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin_transaction(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


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
        self._engine = _engine(path, begin="BEGIN")
        self._threads = ThreadPoolExecutor(READERS, thread_name_prefix="sqlite-reader")
        self._free: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()
        self._writer = _Writer(path, self.bell.ring)

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


class _Writer:
    """The one thread that writes. It takes what waits, at most a group, and commits it at once."""

    def __init__(self, path: str, ring: Callable[[int], None]) -> None:
        self._engine = _engine(path, begin="BEGIN IMMEDIATE")
        self._ring = ring
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="sqlite-writer", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._jobs.put(None)
            self._thread.join()
        self._engine.dispose()

    def submit(self, job: Job) -> None:
        if self._jobs.qsize() >= MAX_WAITING:
            raise Overloaded(retry_after=1.0)
        self._jobs.put(job)

    def _work(self) -> None:
        with self._engine.connect() as connection:
            again: list[Job] = []
            while True:
                jobs, stopping = self._take(again)
                again = self._commit(connection, jobs) if jobs else []
                if stopping and not again:
                    return

    def _take(self, again: list[Job]) -> tuple[list[Job], bool]:
        jobs = list(again)
        while len(jobs) < MAX_GROUP:
            try:
                job = self._jobs.get(block=not jobs)
            except queue.Empty:
                return jobs, False
            if job is None:
                self._jobs.put(None)  # so that the next round ends as well
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _commit(self, connection: Connection, jobs: list[Job]) -> list[Job]:
        """Commits a group; returns the jobs that have to come again with more locks."""
        try:
            with connection.begin():
                done, head, tx = run_group(connection, [operation for operation, _ in jobs])
        except Exception as error:
            log.exception("a group of writes failed")
            self._tell(jobs, [Done(error=error) for _ in jobs], None)
            return []
        for callback in tx.after_commit:
            callback()
        again = [
            (Operation(operation.apply, operation.locks | outcome.more_locks), future)
            for (operation, future), outcome in zip(jobs, done, strict=True)
            if outcome.more_locks
        ]
        self._tell(jobs, done, head.seq)
        return again

    def _tell(self, jobs: list[Job], done: list[Done], seq: int | None) -> None:
        assert self._loop is not None

        def tell() -> None:
            if seq is not None:
                self._ring(seq)
            for (_, future), outcome in zip(jobs, done, strict=True):
                settle(future, outcome)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(tell)


def settle(future: "asyncio.Future[Any]", outcome: Done) -> None:
    """Gives who waits the outcome of an operation that is done."""
    if future.done() or outcome.more_locks:
        return
    if outcome.error is not None:
        future.set_exception(outcome.error)
    else:
        future.set_result(outcome.value)
