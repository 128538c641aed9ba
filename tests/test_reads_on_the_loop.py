"""SQLite is read on the event loop as long as that is short; what is long leaves it, and others have their turns."""

import asyncio
import contextlib
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, text

from storage.errors import CountTimedOut
from storage.events.appending import read_head
from storage.sqlite.reader import Reader, TooLong, read_at_once
from storage.statements.time_limit import limited
from storage.store import Store


def counting_to(number: int) -> Any:
    """A statement that takes about ten steps for each number."""
    return text(
        f"WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {number}) SELECT max(i) FROM n"
    )


class Counting:
    """A read that notes where it ran."""

    def __init__(self, number: int) -> None:
        self.statement = counting_to(number)
        self.threads: list[int] = []

    def __call__(self, conn: Connection) -> int:
        self.threads.append(threading.get_ident())
        return int(conn.execute(self.statement).scalar_one())


class Turns:
    """How often somebody else had a turn on the loop."""

    taken = 0


@asynccontextmanager
async def turns() -> AsyncIterator[Turns]:
    """Counts them as long as the block lasts."""
    counted = Turns()

    async def count() -> None:
        while True:
            counted.taken += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(count())
    try:
        yield counted
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_what_is_short_does_not_leave_the_loop(sqlite_store: Store) -> None:
    read = Counting(100)
    async with turns() as counted:
        assert await sqlite_store.read(read) == 100
        assert counted.taken == 0
    assert read.threads == [threading.get_ident()]


async def test_what_is_long_is_done_again_in_a_thread_while_the_loop_goes_on(sqlite_store: Store) -> None:
    read = Counting(200_000)
    async with turns() as counted:
        assert await sqlite_store.read(read) == 200_000
        assert counted.taken > 100
    here, elsewhere = read.threads
    assert here == threading.get_ident() != elsewhere


async def test_many_short_ones_of_one_snapshot_let_others_have_turns(sqlite_store: Store) -> None:
    read = Counting(2_000)
    async with turns() as counted, sqlite_store.snapshot() as snapshot:
        for _ in range(40):
            await snapshot.run(read)
        assert 5 <= counted.taken <= 40
    assert set(read.threads) == {threading.get_ident()}


async def test_both_ways_see_one_snapshot(sqlite_store: Store) -> None:
    async with sqlite_store.snapshot() as snapshot:
        await snapshot.run(read_head)
        assert await snapshot.run(Counting(200_000)) == 200_000
        assert (await snapshot.run(read_head)).seq == 0


async def test_what_fails_is_not_tried_again(sqlite_store: Store) -> None:
    tried = 0

    def fail(conn: Connection) -> None:
        nonlocal tried
        tried += 1
        conn.execute(text("SELECT nothing FROM nowhere"))

    with pytest.raises(Exception, match="nowhere"):
        await sqlite_store.read(fail)
    assert tried == 1


async def test_a_time_limit_is_that_of_the_thread(sqlite_store: Store) -> None:
    def count(conn: Connection, number: int) -> int:
        with limited(conn, 0.2):
            return int(conn.execute(counting_to(number)).scalar_one())

    assert await sqlite_store.read(count, 20_000) == 20_000
    with pytest.raises(CountTimedOut):
        await sqlite_store.read(count, 10**9)


def test_a_database_that_is_locked_is_not_waited_for_on_the_loop(tmp_path: Path) -> None:
    path = tmp_path / "locked.db"
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("CREATE TABLE t (id)")
    holder.execute("BEGIN EXCLUSIVE")
    reader = sqlite3.connect(path, factory=Reader, timeout=0)

    def read(_conn: Connection) -> None:
        reader.execute("SELECT * FROM t").fetchall()

    with contextlib.closing(reader), contextlib.closing(holder):
        with pytest.raises(TooLong):
            read_at_once(reader, cast(Connection, None), read)
        holder.execute("COMMIT")
        read_at_once(reader, cast(Connection, None), read)
