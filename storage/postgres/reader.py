"""Connections that read PostgreSQL, kept for one snapshot after the other, and the snapshots on them.

No connection is asked beforehand whether it still answers. One that was lost is noticed when no transaction can begin on
it, or when the first read in one that was begun already fails for it, which is then done again on another.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, TypeVar

from sqlalchemy import URL, Connection
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from storage.errors import StoreUnavailable
from storage.in_turn import InTurn
from storage.postgres.kept import Kept, cut_off, loop_time
from storage.store import Lent, Snapshot

T = TypeVar("T")

_REST_SECONDS = 0.05
"""A transaction that was begun for nobody yet is ended after once to twice as long."""
_CLOSED = "the store is closed"
_STATEMENTS = 512
"""So many prepared statements a connection keeps, at both ends."""


class PostgresSnapshot(Snapshot):
    """A read-only transaction of PostgreSQL. `kept`: the connection it is on, to be given back."""

    __slots__ = ("_readers", "kept")

    def __init__(self, readers: "Readers", kept: Kept) -> None:
        super().__init__()
        self._readers = readers
        self.kept: Kept | None = kept

    async def _run(self, function: Callable[[Connection], T]) -> T:
        kept = self.kept
        if kept is None:
            raise StoreUnavailable("the connection was lost")
        if kept.answered:
            return await kept.read(function)
        try:
            found = await kept.read(function)
        except Exception:
            if not kept.driver.is_closed():
                raise
            self.kept = None
            self.kept = kept = await self._readers.in_place_of(kept)
            found = await kept.read(function)
        kept.answered = True
        return found


class Readers:
    """At most `most` connections to read with; whoever finds none waits, first come, first served."""

    def __init__(self, url: URL, most: int) -> None:
        told = {"statement_cache_size": _STATEMENTS}
        self.engine = create_async_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=told)
        self._free: list[Kept] = []
        self._to_be_made = most
        self._waiting = InTurn[Kept | None]()
        self._look: asyncio.TimerHandle | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    def take_at_once(self) -> Kept | None:
        """A connection in a transaction, if there is one that is begun."""
        return self._free.pop() if self._free and self._free[-1].begun_already() else None

    async def take(self, *, answering: bool = False) -> Kept:
        """A connection in a transaction. In place of one that was lost there is another; raises what connecting raises.
        `answering`: one that is known to answer."""
        kept = await self._next()
        while kept is not None:
            if not answering and kept.begun_already():
                return kept
            try:
                return await kept.begin()
            except Exception:  # noqa: BLE001  lost in whatever way: a new one shows whether it is the server
                await kept.cut_off()
                kept = self._another()
            except BaseException:
                await kept.cut_off()
                self._put(None)
                raise
        return await self._made()

    async def in_place_of(self, lost: Kept) -> Kept:
        """One that answers, for one that was lost."""
        try:
            await lost.cut_off()
        finally:
            self._put(None)
        return await self.take(answering=True)

    async def _next(self) -> Kept | None:
        """One that is kept, or None, the right to make one; in one's turn. Raises StoreUnavailable once it is closed."""
        if self._closed:
            raise StoreUnavailable(_CLOSED)
        if self._free:
            return self._free.pop()
        if self._to_be_made:
            self._to_be_made -= 1
            return None
        return await self._waiting.wait(self._put)

    def _put(self, kept: Kept | None, *, last: bool = False) -> None:
        if self._waiting.hand(kept):
            return
        if kept is None:
            self._to_be_made += 1
        else:
            self._free.insert(0 if last else len(self._free), kept)
            if kept.begun is not None:
                self._look_later()

    def _another(self) -> Kept | None:
        """The next that is kept, in exchange for the right to make one."""
        if not self._free:
            return None
        another = self._free.pop()
        self._put(None)
        return another

    async def _made(self) -> Kept:
        connection: AsyncConnection | None = None
        try:
            connection = await self.engine.connect()
            made = Kept(connection, (await connection.get_raw_connection()).driver_connection)
            return await made.begin()
        except BaseException:
            if connection is not None:
                await cut_off(connection)
            self._put(None)
            raise

    async def give_back(self, kept: Kept) -> None:
        """Ends its transaction. A connection that fails at that, or whose user leaves meanwhile, is not kept."""
        await self._put_after(kept, kept.begin_anew())

    async def _put_after(self, kept: Kept, work: Coroutine[Any, Any, None], *, last: bool = False) -> None:
        sound = False
        try:
            await work
            sound = True
        except Exception:  # noqa: BLE001  it has nothing that could be lost
            pass
        finally:
            if not sound:
                await kept.cut_off()
            elif self._closed:
                await kept.close()
            self._put(kept if sound and not self._closed else None, last=last)

    def _look_later(self) -> None:
        if self._look is None:
            self._look = asyncio.get_running_loop().call_later(_REST_SECONDS, self._end_rested)

    def _end_rested(self) -> None:
        """Ends transactions that are begun and that nobody takes."""
        self._look = None
        latest = loop_time() - _REST_SECONDS
        begun = [kept for kept in self._free if kept.begun is not None]
        rested = [kept for kept in begun if kept.begun is not None and kept.begun <= latest]
        for kept in rested:
            self._free.remove(kept)
            task = asyncio.create_task(self._put_after(kept, kept.end(), last=True))
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)
        if len(begun) > len(rested):
            self._look_later()

    async def close(self) -> None:
        """Closes those that are kept; those that are lent are closed when they are given back, and nobody waits for them."""
        self._closed = True
        self._waiting.refuse(lambda: StoreUnavailable(_CLOSED))
        if self._look is not None:
            self._look.cancel()
        await asyncio.gather(*self._ending)
        while self._free:
            await self._free.pop().close()
        await self.engine.dispose()


class PostgresLent(Lent):
    """A snapshot on a connection that is taken for it, unless it is told here, and given back."""

    __slots__ = ("_readers", "snapshot")

    snapshot: PostgresSnapshot

    def __init__(self, readers: Readers, kept: Kept | None = None) -> None:
        self._readers = readers
        if kept is not None:
            self.snapshot = PostgresSnapshot(readers, kept)

    async def __aenter__(self) -> Snapshot:
        self.snapshot = PostgresSnapshot(self._readers, await self._readers.take())
        return self.snapshot

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        try:
            await self.snapshot.end()
        finally:
            if self.snapshot.kept is not None:
                await self._readers.give_back(self.snapshot.kept)
