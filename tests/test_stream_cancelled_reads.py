"""Readers that leave in the middle of a statement: it is broken off, and nobody goes on using what it was read with."""

import asyncio
import threading

import pytest
from sqlalchemy import Connection, text

from storage.events.appending import read_head
from storage.store import Store

LONG = text("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 40000000) SELECT count(*) FROM c")


class Reading:
    """A statement that takes far longer than anybody waits, and whether it is under way."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.over = False

    def read(self, conn: Connection) -> None:
        self.over = False  # on SQLite it is begun twice: on the loop, and then in a thread
        self.begun.set()
        try:
            conn.execute(LONG)
        finally:
            self.over = True

    async def has_begun(self) -> None:
        await asyncio.to_thread(self.begun.wait)


async def test_a_cancelled_read_is_over_when_its_reader_is(store: Store) -> None:
    for _ in range(5):
        reading = Reading()
        task = asyncio.create_task(store.read(reading.read))
        await reading.has_begun()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert reading.over
    assert (await store.read(read_head)).seq == 0


async def test_a_reader_cancelled_twice_still_waits_for_it(store: Store) -> None:
    reading = Reading()
    task = asyncio.create_task(store.read(reading.read))
    await reading.has_begun()
    task.cancel()
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reading.over


async def test_all_connections_come_back(store: Store) -> None:
    readings = [Reading() for _ in range(24)]
    tasks = [asyncio.create_task(store.read(each.read)) for each in readings]
    await readings[0].has_begun()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    heads = await asyncio.gather(*(store.read(read_head) for _ in range(40)))
    assert {head.seq for head in heads} == {0}


async def test_nothing_is_read_in_a_snapshot_that_has_ended(store: Store) -> None:
    async with store.snapshot() as snapshot:
        await snapshot.run(read_head)
    with pytest.raises(RuntimeError):
        await snapshot.run(read_head)


async def test_a_snapshot_ends_only_when_all_its_reads_have(store: Store) -> None:
    async with store.snapshot() as snapshot:
        reads = [asyncio.create_task(snapshot.run(read_head)) for _ in range(3)]
        await asyncio.sleep(0)
    outcomes = await asyncio.gather(*reads, return_exceptions=True)
    assert all(getattr(each, "seq", None) == 0 or isinstance(each, RuntimeError) for each in outcomes)
    assert (await store.read(read_head)).seq == 0
