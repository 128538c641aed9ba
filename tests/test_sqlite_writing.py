"""SQLite's writer: how durable its commits are, and when they come into the file."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from storage.sqlite.checkpoints import OPERATIONS, Checkpoints
from storage.store import open_store, opened
from storage.writing.transaction import Operation, Tx


@pytest.mark.parametrize(("told", "found"), [({}, 2), ({"synchronous": "FULL"}, 2), ({"synchronous": "NORMAL"}, 1)])
async def test_commits_are_as_durable_as_the_operator_says_and_safe_unless_he_does(
    sqlite_url: str, told: dict[str, str], found: int
) -> None:
    async with opened(open_store(sqlite_url, **told)) as store:  # type: ignore[arg-type]
        asked = Operation(lambda tx: tx.conn.exec_driver_sql("PRAGMA synchronous").scalar_one())
        assert await store.write(asked) == found


def _note(tx: Tx) -> int:
    tx.conn.exec_driver_sql("CREATE TABLE IF NOT EXISTS noted (number)")
    tx.conn.exec_driver_sql("INSERT INTO noted VALUES (1)")
    return int(tx.conn.exec_driver_sql("SELECT count(*) FROM noted").scalar_one())


async def test_a_write_is_done_although_whoever_waited_for_it_has_left(sqlite_url: str) -> None:
    """And those who wait for others of its group are told."""
    async with opened(open_store(sqlite_url)) as store:
        leaving, staying = (asyncio.ensure_future(store.write(Operation(_note))) for _ in range(2))
        await asyncio.sleep(0)  # both were handed over
        leaving.cancel()
        assert await staying == 2
        assert leaving.cancelled()
        assert await store.write(Operation(_note)) == 3


def test_the_log_is_brought_into_the_file_beside_the_writer(tmp_path: Path) -> None:
    """The writer never checkpoints here, and stays open; what it committed is in the file, whoever looks at that alone."""
    path = tmp_path / "simpul.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode=WAL")
        writer.execute("PRAGMA wal_autocheckpoint=0")
        writer.execute("CREATE TABLE kept (n INTEGER)")
        checkpoints = Checkpoints(str(path))
        checkpoints.start()
        for n in range(OPERATIONS):
            writer.execute("INSERT INTO kept VALUES (?)", (n,))
            checkpoints.wrote(1)
        checkpoints.stop()
        alone = tmp_path / "alone.db"
        alone.write_bytes(path.read_bytes())
        with closing(sqlite3.connect(alone)) as reader:
            assert reader.execute("SELECT count(*) FROM kept").fetchone() == (OPERATIONS,)
