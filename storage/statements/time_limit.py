"""Statements that may take only so long: what counts runs in one of these blocks."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage.errors import CountTimedOut
from storage.sqlite.reader import Reader

_STEPS_BETWEEN_LOOKS = 10_000
"""How many of its virtual machine's instructions SQLite runs between two looks at the clock: some tenths of a millisecond."""

_CANCELLED = "57014"
"""PostgreSQL's query_canceled."""


@contextmanager
def limited(conn: Connection, seconds: float) -> Iterator[None]:
    """Raises CountTimedOut from statements on this connection that take longer; the snapshot goes on being usable.

    On SQLite the time is that of the whole block, on PostgreSQL that of each statement. Nothing may be written in it. A
    read that is still on the event loop has less time than that anyway, and is counted from when it goes to a thread.
    """
    with _limited_sqlite(conn, seconds) if conn.dialect.name == "sqlite" else _limited_postgres(conn, seconds):
        yield


@contextmanager
def _limited_sqlite(conn: Connection, seconds: float) -> Iterator[None]:
    driver = cast(sqlite3.Connection, conn.connection.driver_connection)
    if isinstance(driver, Reader) and driver.on_loop:
        yield
        return
    end = time.monotonic() + seconds
    driver.set_progress_handler(lambda: time.monotonic() > end, _STEPS_BETWEEN_LOOKS)
    try:
        yield
    except (sqlite3.Error, DBAPIError) as error:
        if getattr(_cause(error), "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
            raise
        raise CountTimedOut(f"counting took longer than {seconds:g} s") from error
    finally:
        driver.set_progress_handler(None, 0)


@contextmanager
def _limited_postgres(conn: Connection, seconds: float) -> Iterator[None]:
    """The limit is set within a savepoint, which is always rolled back: so it ends with the block."""
    from asyncpg import PostgresError

    savepoint = conn.begin_nested()
    try:
        conn.execute(text(f"SET LOCAL statement_timeout = {max(1, round(seconds * 1000))}"))
        yield
    except (PostgresError, DBAPIError) as error:
        if getattr(_cause(error), "sqlstate", None) != _CANCELLED:
            raise
        raise CountTimedOut(f"counting took longer than {seconds:g} s") from error
    finally:
        savepoint.rollback()


def _cause(error: Exception) -> object:
    """What the driver said: statements that were compiled before fail with that alone."""
    return error.orig if isinstance(error, DBAPIError) else error
