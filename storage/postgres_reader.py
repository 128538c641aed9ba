"""Connections that read PostgreSQL, kept for one snapshot after the other, and the snapshots on them.

They are SQLAlchemy's, so that every function of storage runs on them, but transactions are begun and ended on asyncpg's
own connection: one message each. Beginning one is also how a lost connection is noticed, so none is asked beforehand
whether it still answers.
"""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.store import Lent, Snapshot

T = TypeVar("T")

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_STATEMENTS = 512
"""So many prepared statements a connection keeps, at both ends."""


class PostgresSnapshot(Snapshot):
    """A read-only transaction of PostgreSQL."""

    def __init__(self, connection: AsyncConnection) -> None:
        super().__init__()
        self._connection = connection

    async def _run(self, function: Callable[[Connection], T]) -> T:
        return await self._connection.run_sync(function)


@dataclass(frozen=True, slots=True)
class Kept:
    """A connection as SQLAlchemy has it, and asyncpg's own."""

    connection: AsyncConnection
    driver: Any

    async def begin(self) -> "Kept":
        """Begins a transaction."""
        await self.driver.execute(_BEGIN)
        return self

    async def roll_back(self) -> None:
        """Ends it: where a statement was broken off a commit would fail."""
        if self.connection.in_transaction():
            await self.connection.rollback()  # what SQLAlchemy took for one
        await self.driver.execute("ROLLBACK")

    async def cut_off(self) -> None:
        """Ends the connection without a word to the server."""
        with contextlib.suppress(Exception):
            self.driver.terminate()
            await self.connection.invalidate()
            await self.connection.close()


class Readers:
    """At most `most` connections to read with."""

    def __init__(self, url: URL, most: int) -> None:
        told = {"statement_cache_size": _STATEMENTS}
        self.engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=told)
        self._free: asyncio.LifoQueue[Kept | None] = asyncio.LifoQueue()
        for _ in range(most):
            self._free.put_nowait(None)  # one that may be made

    async def take(self) -> Kept:
        """A connection in a transaction. In place of one that was lost there is another; raises what connecting raises."""
        kept = await self._free.get()
        while kept is not None:
            try:
                return await kept.begin()
            except Exception:  # noqa: BLE001  lost in whatever way: a new one shows whether it is the server
                await kept.cut_off()
                kept = self._another()
            except BaseException:
                await kept.cut_off()
                self._free.put_nowait(None)
                raise
        return await self._made()

    def _another(self) -> Kept | None:
        """The next that is kept, in exchange for the right to make one."""
        if self._free.empty():
            return None
        another = self._free.get_nowait()
        self._free.put_nowait(None)
        return another

    async def _made(self) -> Kept:
        made: Kept | None = None
        try:
            connection = await self.engine.connect()
            made = Kept(connection, (await connection.get_raw_connection()).driver_connection)
            return await made.begin()
        except BaseException:
            if made is not None:
                await made.cut_off()
            self._free.put_nowait(None)
            raise

    async def give_back(self, kept: Kept) -> None:
        """Ends its transaction. A connection that fails at that, or whose user leaves meanwhile, is not kept."""
        sound = False
        try:
            await kept.roll_back()
            sound = True
        except Exception:  # noqa: BLE001  it has nothing that could be lost
            pass
        finally:
            if not sound:
                await kept.cut_off()
            self._free.put_nowait(kept if sound else None)

    async def close(self) -> None:
        """Closes those that are kept."""
        while not self._free.empty():
            kept = self._free.get_nowait()
            if kept is not None:
                await kept.connection.close()
        await self.engine.dispose()


class PostgresLent(Lent):
    """A snapshot on a connection that is taken for it and given back."""

    __slots__ = ("_kept", "_readers", "snapshot")

    def __init__(self, readers: Readers) -> None:
        self._readers = readers

    async def __aenter__(self) -> Snapshot:
        self._kept = await self._readers.take()
        self.snapshot = PostgresSnapshot(self._kept.connection)
        return self.snapshot

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            await self.snapshot.end()
        finally:
            await self._readers.give_back(self._kept)
