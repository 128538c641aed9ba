"""Connections that read PostgreSQL are kept, and replaced where they were lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage.errors import StoreUnavailable
from storage.events.appending import read_head
from storage.postgres import reader as postgres_reader
from storage.postgres.store import PostgresStore
from storage.store import open_store, opened
from tests.conftest import seeded_postgres
from tests.postgres import copy_database, run_sql


@pytest.fixture
def url() -> str:
    """The address of a new, seeded database."""
    return copy_database(seeded_postgres())


@pytest.fixture
async def pg(url: str) -> AsyncIterator[PostgresStore]:
    """A store on PostgreSQL."""
    async with opened(open_store(url)) as store:
        assert isinstance(store, PostgresStore)
        yield store


def _process(conn: Connection) -> int:
    return int(conn.execute(text("SELECT pg_backend_pid()")).scalar_one())


async def test_one_that_is_free_is_used_again(pg: PostgresStore) -> None:
    assert len({await pg.read(_process) for _ in range(5)}) == 1


async def test_lost_ones_are_replaced_without_anybody_noticing(pg: PostgresStore) -> None:
    lost = set(await asyncio.gather(*(pg.read(_process) for _ in range(4))))
    assert len(lost) > 1
    for process in lost:
        run_sql(f"SELECT pg_terminate_backend({process})")
    assert (await pg.read(read_head)).seq == 0
    found = set(await asyncio.gather(*(pg.read(_process) for _ in range(4))))
    assert not found & lost


async def test_a_transaction_is_ended_before_its_connection_is_used_again(pg: PostgresStore) -> None:
    def fail(conn: Connection) -> None:
        conn.execute(text("SELECT 1 / 0"))

    for _ in range(3):
        with pytest.raises(Exception, match="division by zero"):
            await pg.read(fail)
    assert (await pg.read(read_head)).seq == 0


async def test_nothing_can_be_written_in_a_snapshot(pg: PostgresStore) -> None:
    def write(conn: Connection) -> None:
        conn.execute(text("DELETE FROM reports"))

    with pytest.raises(Exception, match="read-only transaction"):
        await pg.read(write)


async def test_a_transaction_that_was_begun_before_a_commit_sees_it(pg: PostgresStore, url: str) -> None:
    def names(conn: Connection) -> int:
        return int(conn.execute(text("SELECT count(*) FROM persons")).scalar_one())

    other = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        before = await pg.read(names)
        added = "INSERT INTO persons (issuer, subject, created_at) VALUES ('test', $1, 0)"
        for n in range(3):
            await other.execute(added, str(n))
            assert await pg.read(names) == before + n + 1
    finally:
        await other.close()


async def test_one_message_ends_a_transaction_and_begins_the_next(
    pg: PostgresStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_reader, "_REST_SECONDS", 600.0)  # however slow the machine is
    told: list[str] = []

    def listen(conn: Connection) -> None:
        driver: Any = conn.connection.driver_connection
        driver.add_query_logger(lambda query: told.append(query.query))

    await pg.read(listen)
    for _ in range(3):
        await pg.read(read_head)
    await asyncio.sleep(0)
    assert len([each for each in told if each.startswith("SELECT")]) >= 3
    assert not [each for each in told if each.startswith(("BEGIN", "ROLLBACK")) and each != "ROLLBACK AND CHAIN"]


async def test_a_transaction_that_nobody_takes_is_ended(pg: PostgresStore, url: str) -> None:
    await asyncio.gather(*(pg.read(_process) for _ in range(4)))
    other = await asyncpg.connect(url.replace("+asyncpg", ""))
    asked = (
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
    )
    try:
        async with asyncio.timeout(30):
            while await other.fetchval(asked):  # noqa: ASYNC110  the server tells nobody of it
                await asyncio.sleep(0.02)
    finally:
        await other.close()


async def test_what_a_lost_connection_was_reading_is_not_begun_again_in_the_middle(pg: PostgresStore) -> None:
    async with pg.snapshot() as snapshot:
        process = await snapshot.run(_process)
        run_sql(f"SELECT pg_terminate_backend({process})")
        with pytest.raises(Exception, match="closed"):
            await snapshot.run(_process)
    assert await pg.read(_process) != process


async def test_a_read_that_is_broken_off_leaves_nothing_behind(pg: PostgresStore) -> None:
    begun = asyncio.Event()

    def wait(conn: Connection) -> None:
        asyncio.get_running_loop().call_soon(begun.set)
        conn.execute(text("SELECT pg_sleep(60)"))

    reading = asyncio.create_task(pg.read(wait))
    await begun.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert (await pg.read(read_head)).seq == 0


async def test_a_function_may_go_on_after_what_it_asked_failed(pg: PostgresStore) -> None:
    def try_twice(conn: Connection) -> int:
        try:
            with conn.begin_nested():
                conn.execute(text("SELECT 1 / 0"))
        except DBAPIError as error:
            assert "division by zero" in str(error)
        return _process(conn)

    assert await pg.read(try_twice) == await pg.read(_process)


async def test_who_finds_none_waits_for_his_turn_and_who_leaves_passes_it_on(url: str) -> None:
    async with opened(PostgresStore(url, pool_size=1)) as store:
        async with AsyncExitStack() as held:
            await held.enter_async_context(store.snapshot())
            reads = [asyncio.create_task(store.read(_process)) for _ in range(3)]
            await asyncio.sleep(0)
            reads[0].cancel()
        async with asyncio.timeout(30):
            found = await asyncio.gather(*reads, return_exceptions=True)
        assert isinstance(found[0], asyncio.CancelledError)
        assert found[1] == found[2]


async def test_what_is_read_while_the_store_is_closed_comes_to_its_end_and_nobody_waits_for_more(url: str) -> None:
    """A connection that was lent is closed when it is given back: none is left at the server."""
    store = PostgresStore(url, pool_size=1)
    await store.open()
    lent = store.snapshot()
    snapshot = await lent.__aenter__()
    process = await snapshot.run(_process)
    waiting = asyncio.create_task(store.read(_process))
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(StoreUnavailable):
        await waiting
    assert await snapshot.run(_process) == process
    await lent.__aexit__(None, None, None)
    with pytest.raises(StoreUnavailable):
        await store.read(_process)
    statement = text(f"SELECT count(*) FROM pg_stat_activity WHERE pid = {process}")
    async with opened(open_store(url)) as other, asyncio.timeout(60):
        while await other.read(lambda conn: conn.execute(statement).scalar_one()):  # noqa: ASYNC110  a server tells nobody
            await asyncio.sleep(0.01)
