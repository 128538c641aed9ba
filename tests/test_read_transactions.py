"""Snapshots that begin in the same turn of the loop share a transaction of SQLite, and nobody can tell."""

import asyncio
import sqlite3
import threading

import pytest
from sqlalchemy import Connection, text

from storage.errors import Overloaded, StoreUnavailable
from storage.sqlite.store import SqliteSnapshot
from storage.store import Snapshot, Store
from storage.writing.transaction import Operation, Tx
from tests.test_reads_on_the_loop import Counting


def writing(number: int) -> Operation[None]:
    def apply(tx: Tx) -> None:
        tx.conn.execute(text("CREATE TABLE IF NOT EXISTS noted (number)"))
        tx.conn.execute(text(f"INSERT INTO noted VALUES ({number})"))

    return Operation(apply, frozenset({"noted"}))


def noted(conn: Connection) -> list[int]:
    return list(conn.execute(text("SELECT number FROM noted ORDER BY number")).scalars())


def transaction_of(snapshot: Snapshot) -> object:
    assert isinstance(snapshot, SqliteSnapshot)
    return snapshot._transaction


class LongRead:
    """A read that leaves the loop, and goes on only when it is told to."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self._loop_thread = threading.get_ident()

    def __call__(self, conn: Connection) -> list[int]:
        if threading.get_ident() == self._loop_thread:
            return [Counting(200_000)(conn)]  # too long for the loop
        self.begun.set()
        assert self.go_on.wait(60)
        return noted(conn)


async def test_those_of_one_turn_share_one_and_those_of_the_next_do_not(sqlite_store: Store) -> None:
    await sqlite_store.write(writing(1))
    async with sqlite_store.snapshot() as first, sqlite_store.snapshot() as second:
        assert transaction_of(first) is transaction_of(second)
        await asyncio.sleep(0)
        async with sqlite_store.snapshot() as third:
            assert transaction_of(third) is not transaction_of(first)


async def test_what_is_acknowledged_is_seen_by_all_who_begin_then_and_by_nobody_who_began_before(
    sqlite_store: Store,
) -> None:
    await sqlite_store.write(writing(0))
    for number in range(1, 50):
        async with sqlite_store.snapshot() as before:
            assert len(await before.run(noted)) == number
            writes = asyncio.create_task(sqlite_store.write(writing(number)))
            while not writes.done():  # others begin all the time, in the very turn that the commit is told in as well
                assert len(await sqlite_store.read(noted)) in (number, number + 1)
                await asyncio.sleep(0)
            await writes
            assert len(await sqlite_store.read(noted)) == number + 1
            assert len(await before.run(noted)) == number


async def test_nobody_waits_for_somebody_elses_long_read(sqlite_store: Store) -> None:
    await sqlite_store.write(writing(1))
    long = LongRead()
    async with sqlite_store.snapshot() as slow:
        quick = sqlite_store.snapshot()
        shared = await quick.__aenter__()
        assert transaction_of(shared) is transaction_of(slow)
        assert await shared.run(noted) == [1]
        long_read = asyncio.create_task(slow.run(long))
        assert await asyncio.to_thread(long.begun.wait, 60)
        await quick.__aexit__(None, None, None)
        assert await sqlite_store.read(noted) == [1]
        assert not long_read.done()
        long.go_on.set()
        assert await long_read == [1]


async def test_a_read_that_used_up_its_steps_leaves_none_of_it_to_what_comes_next(sqlite_store: Store) -> None:
    await sqlite_store.write(writing(1))
    for _ in range(50):
        async with sqlite_store.snapshot() as snapshot:
            assert await snapshot.run(Counting(5_900)) == 5_900  # just within, or just beyond
        for _ in range(200):  # transactions without a read take steps as well
            async with sqlite_store.snapshot():
                await asyncio.sleep(0)


async def test_who_is_cancelled_while_he_waits_for_his_own_read_leaves_the_turn_to_others(sqlite_store: Store) -> None:
    await sqlite_store.write(writing(1))
    long = LongRead()
    slow, other = sqlite_store.snapshot(), sqlite_store.snapshot()
    snapshot, shared = await slow.__aenter__(), await other.__aenter__()
    assert transaction_of(shared) is transaction_of(snapshot)
    reading = asyncio.create_task(snapshot.run(long))
    assert await asyncio.to_thread(long.begun.wait, 60)
    ending = asyncio.create_task(snapshot.end())
    await asyncio.sleep(0)
    ending.cancel()
    await asyncio.sleep(0)
    long.go_on.set()
    await asyncio.wait((reading, ending))
    assert ending.cancelled()
    async with asyncio.timeout(20):
        assert await shared.run(noted) == [1]


async def test_the_loop_goes_on_while_a_store_is_closed_that_is_being_read(sqlite_store: Store) -> None:
    """What is read comes to its end, and its connection is closed with the rest."""
    await sqlite_store.write(writing(1))
    long, lent = LongRead(), sqlite_store.snapshot()
    snapshot = await lent.__aenter__()
    reading = asyncio.create_task(snapshot.run(long))
    assert await asyncio.to_thread(long.begun.wait, 60)
    closing = asyncio.create_task(sqlite_store.close())
    for _ in range(50):
        await asyncio.sleep(0)
    long.go_on.set()
    assert await reading == [1]
    await closing
    await lent.__aexit__(None, None, None)
    assert isinstance(snapshot, SqliteSnapshot)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        snapshot._transaction.kept.reader.execute("SELECT 1")
    with pytest.raises(StoreUnavailable):
        await sqlite_store.read(noted)


async def test_who_writes_to_a_store_that_is_closed_is_told_to_come_again(store: Store) -> None:
    await store.close()
    with pytest.raises(Overloaded):
        await asyncio.wait_for(store.write(writing(1)), 60)
