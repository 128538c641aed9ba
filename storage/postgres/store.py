"""The store on PostgreSQL, through asyncpg. Each process groups its own commits, READ COMMITTED; it is
read in snapshots, REPEATABLE READ (storage/postgres/reader.py)."""

import asyncio
import logging
from typing import Any, TypeVar

from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from storage.errors import OutcomeUnknown, Overloaded, StoreUnavailable
from storage.migrating import is_begun, upgrade
from storage.postgres.reader import PostgresLent, Readers
from storage.store import Store
from storage.together.neighbours import Beside, Neighbours
from storage.writing.facts_kept import FactsKept
from storage.writing.group import Done, is_deadlock, run_group
from storage.writing.transaction import GroupBroken, Operation
from storage.writing.waiting import Job, Waiting, settle, to_come_again

T = TypeVar("T")
log = logging.getLogger("simpul.store")

_TRIES = 5
_FEWEST_CONNECTIONS = 4
_STILL_SECONDS = 10.0


class PostgresStore(Store):
    """PostgreSQL at an address. `begins`: whether tables are made where there are none. `still_seconds`: how long a group
    may stand still until the server ends it, since every other process waits for its locks."""

    def __init__(
        self,
        url: str,
        pool_size: int = 16,
        beside: Beside | None = None,
        *,
        begins: bool = True,
        still_seconds: float = _STILL_SECONDS,
    ) -> None:
        super().__init__()
        self._begins = begins
        if beside is not None:
            pool_size = max(_FEWEST_CONNECTIONS, pool_size // beside.of)  # they share what the server has
        self._neighbours = None if beside is None else Neighbours(beside, self.bell)
        told = make_url(url)
        self._shown = told.render_as_string(hide_password=True)
        self._url = told.set(drivername="postgresql+asyncpg")
        self._engine = create_async_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=4,
            pool_pre_ping=True,
            connect_args={"server_settings": _let_go_after(still_seconds)},
        )
        self.readers = Readers(self._url, pool_size)
        self._waiting = Waiting()
        self._some = asyncio.Event()
        self._stopping = False
        self._facts = FactsKept()
        self._writer: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """See Store."""
        try:
            await self._bring_up_to_date()
        except BaseException:
            await self._engine.dispose()  # a connection that is kept would hold up the end of the loop
            raise
        self._writer = asyncio.create_task(self._work(), name="postgres-writer")
        if self._neighbours is not None:
            await self._neighbours.open()
        async with self.snapshot():
            pass  # so that the first reader need not wait for a connection
        self._start_polling()

    async def _bring_up_to_date(self) -> None:
        try:
            async with self._engine.connect() as connection:
                if not self._begins and not await connection.run_sync(is_begun):
                    raise StoreUnavailable(
                        f"There is no hub's data in {self._shown}: mend SIMPUL_DATABASE_URL, "
                        "or begin with `server.py migrate`."
                    )
                await connection.run_sync(upgrade)
        except (OSError, DBAPIError) as error:
            raise StoreUnavailable(
                f"The database {self._shown} cannot be opened ({error}). Start it, or mend SIMPUL_DATABASE_URL."
            ) from error

    async def close(self) -> None:
        """See Store."""
        await self._stop_polling()
        if self._writer is not None:
            self._stopping = True
            self._some.set()
            await asyncio.gather(self._writer, return_exceptions=True)
        if self._neighbours is not None:
            await self._neighbours.close()
        await self.readers.close()
        await self._engine.dispose()

    def snapshot(self) -> PostgresLent:
        """See Store."""
        return PostgresLent(self.readers)

    def lend_at_once(self) -> PostgresLent | None:
        """See Store."""
        kept = self.readers.take_at_once()
        return None if kept is None else PostgresLent(self.readers, kept)

    async def write(self, operation: Operation[T]) -> T:
        """See Store."""
        if self._stopping:
            raise Overloaded(retry_after=1.0)
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.put((operation, future))
        self._some.set()
        return await asyncio.shield(future)

    async def _work(self) -> None:
        while True:
            self._some.clear()
            jobs = self._waiting.take()
            if jobs:
                try:
                    await self._commit(jobs)
                except Exception:
                    log.exception("something failed after a commit")  # the next writes must not wait for ever
            elif self._stopping:
                return
            else:
                await self._some.wait()

    async def _commit(self, jobs: list[Job]) -> None:
        """Commits a group; those that need more locks wait again."""
        operations = [operation for operation, _ in jobs]
        try:
            done, seq = await self._run(operations)
        except Exception as error:
            log.exception("a group of writes failed")
            self._waiting.done([])
            for _, future in jobs:
                settle(future, Done(error=error))
            return
        self._waiting.done(to_come_again(jobs, done))
        try:
            (self._neighbours or self.bell).ring(seq)
        finally:
            for (_, future), outcome in zip(jobs, done, strict=True):
                settle(future, outcome)

    async def _run(self, operations: list[Operation[Any]]) -> tuple[list[Done], int]:
        """Runs a group and commits it: again after a deadlock or where the connection was lost before the commit, and each
        operation by itself where they do not go together."""
        alone = False
        for left in reversed(range(_TRIES)):
            async with self._engine.connect() as connection:
                try:
                    await connection.begin()
                    done, head = await connection.run_sync(run_group, operations, self._facts, alone=alone)
                except Exception as error:
                    lost = await _undo(connection)
                    self._facts.forget_outlines()
                    broken = isinstance(error, GroupBroken) and not alone and not lost
                    if not left or not (lost or broken or is_deadlock(error)):
                        raise
                    alone = alone or broken
                    continue
                try:
                    await connection.commit()
                except (OSError, DBAPIError) as error:
                    self._facts.forget_outlines()  # another's may have the version that they would have had
                    raise OutcomeUnknown("the connection was lost at the commit") from error
                return done, head.seq
        raise AssertionError("unreachable")


def _let_go_after(seconds: float) -> dict[str, str]:
    """What the server is to do with a writer that was stopped, or whose machine is gone: end its transaction."""
    return {
        "idle_in_transaction_session_timeout": f"{round(seconds * 1000)}ms",
        "tcp_keepalives_idle": "30",
        "tcp_keepalives_interval": "10",
        "tcp_keepalives_count": "3",
    }


async def _undo(connection: AsyncConnection) -> bool:
    """Undoes a group that failed; whether the connection was lost, and the group with it."""
    try:
        await connection.rollback()
    except (OSError, DBAPIError):
        await connection.invalidate()
        return True
    return connection.invalidated
