"""Writes that come at about the same time share a commit, and one that comes alone does not wait for others."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from sqlalchemy import Connection

from storage.store import open_store, opened
from storage.writing.gathering import MOST_SECONDS, QUIET_TURNS, Gathering
from storage.writing.group import run_group
from storage.writing.transaction import Lane, Operation, Tx
from storage.writing.waiting import SMALLEST_GROUP, Job, Waiting


def nothing(_: Tx) -> None:
    return


def twice(lock: str, tx: Tx) -> bool:
    tx.require(lock)
    return True


def job(lane: Lane = Lane.PEOPLE) -> Job:
    return Operation(nothing, lane=lane), asyncio.get_running_loop().create_future()


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


class Handed:
    """A writer that does nothing: how many waited each time it was woken."""

    def __init__(self) -> None:
        self.waiting = Waiting()
        self.groups: list[int] = []
        self.gathering = Gathering(asyncio.get_running_loop(), self.waiting, self._take)

    def put(self) -> None:
        self.waiting.put(job())
        self.gathering.more()

    def _take(self) -> None:
        self.groups.append(len(self.waiting.take()))
        self.waiting.done([])


async def test_writes_of_turns_that_follow_each_other_are_one_group() -> None:
    handed = Handed()
    for _ in range(5):
        handed.put()
        await turns(QUIET_TURNS - 1)
    await turns(QUIET_TURNS)
    assert handed.groups == [5]


async def test_a_write_alone_is_handed_over_after_some_empty_turns() -> None:
    handed = Handed()
    handed.put()
    await turns(QUIET_TURNS + 1)
    assert handed.groups == [1]


async def test_a_group_that_is_large_enough_waits_for_nothing_more() -> None:
    handed = Handed()
    for _ in range(SMALLEST_GROUP):
        handed.put()
    await turns(1)
    assert handed.groups == [SMALLEST_GROUP]


async def test_a_stream_of_writes_without_a_pause_is_handed_over_in_time() -> None:
    handed, loop = Handed(), asyncio.get_running_loop()
    end = loop.time() + MOST_SECONDS
    while loop.time() <= end:
        if len(handed.waiting) < SMALLEST_GROUP - 1:
            handed.put()
        await turns(1)
    await turns(2)
    assert len(handed.groups) == 1


async def test_what_comes_while_the_writer_writes_is_its_next_group() -> None:
    handed = Handed()
    handed.put()
    await turns(QUIET_TURNS + 1)
    for _ in range(3):
        handed.put()
        await turns(QUIET_TURNS + 1)
    assert handed.groups == [1]
    handed.gathering.done()
    await turns(QUIET_TURNS + 1)
    assert handed.groups == [1, 3]


async def test_writes_at_once_share_commits_and_each_is_done(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = list[int]()

    def counted(connection: Connection, operations: Sequence[Operation[Any]], *more: Any, **named: Any) -> Any:
        sizes.append(len(operations))
        return run_group(connection, operations, *more, **named)

    monkeypatch.setattr("storage.sqlite.writer.run_group", counted)
    async with opened(open_store(sqlite_url)) as store:
        sizes.clear()
        await asyncio.gather(*(store.write(Operation(nothing)) for _ in range(40)))
    assert sizes == [40]


async def test_an_operation_that_needs_more_locks_comes_again_though_nothing_else_does(sqlite_url: str) -> None:
    async with opened(open_store(sqlite_url)) as store:
        assert await asyncio.wait_for(store.write(Operation(partial(twice, "a lock"))), 30)


async def test_what_waits_when_the_store_closes_is_written(sqlite_url: str) -> None:
    async with opened(open_store(sqlite_url)) as store:
        writes = [asyncio.ensure_future(store.write(Operation(nothing))) for _ in range(100)]
        await turns(1)
    assert await asyncio.wait_for(asyncio.gather(*writes), 30) == [None] * 100
