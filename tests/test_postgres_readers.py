"""Connections that read PostgreSQL are kept, and replaced where they were lost."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, text

from storage.event_log import read_head
from storage.postgres import PostgresStore
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
